"""PipelineJobs and Pipelines from YAML files, as bodies for the API server."""

from pathlib import Path
from typing import Any

import yaml

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.cli.errors import CommandError
from stagework.cli.replies import mapping


def documents(file: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file that are objects; raises CommandError."""
    try:
        bodies = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CommandError(
            f"cannot read {file}: {error.strerror}", command=f"ls -l {file}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        raise CommandError(
            f"{file} is not YAML: {text}", command=f"kubectl apply --dry-run=client -f {file}"
        ) from error
    return [mapping(document) for document in bodies if mapping(document)]


def load_template(file: Path, tenant: str = "") -> dict[str, Any]:
    """The first PipelineJob of a file, with a name of its own each time it is created."""
    for body in documents(file):
        if body.get("kind") == PIPELINEJOB.kind:
            return _nameless(body, tenant)
    raise CommandError(
        f"{file} holds no {PIPELINEJOB.kind}", command=f"kubectl explain {PIPELINEJOB.full_name}"
    )


def named_pipeline(pipeline: str, tenant: str = "") -> dict[str, Any]:
    """A PipelineJob that says nothing but the Pipeline's name."""
    spec = {"pipelineRef": {"name": pipeline}}
    return _nameless({"metadata": {"name": pipeline}, "spec": spec}, tenant)


def _nameless(body: dict[str, Any], tenant: str) -> dict[str, Any]:
    metadata = mapping(body.get("metadata"))
    base = metadata.get("generateName") or f"{metadata.get('name') or 'run'}-"
    copied = {key: metadata[key] for key in ("labels", "annotations") if key in metadata}
    spec = dict(mapping(body.get("spec")))
    if tenant:
        spec["tenant"] = tenant
    return {
        "apiVersion": names.API_VERSION,
        "kind": PIPELINEJOB.kind,
        "metadata": {**copied, "generateName": base},
        "spec": spec,
    }
