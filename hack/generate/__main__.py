"""Writes everything that follows from the resource types; `--check` only compares.

From the types in `operator/stagework` come, in this order:

1. `crds/*.yaml`, and the chart's copies of them;
2. what the chart's admission policies ask, by the kinds that there are;
3. the part of the chart's `values.schema.json` that describes the settings file;
4. `docs/api-reference.md`, `docs/reasons.md`, `docs/openapi.json`, and from that the types of the
   board's page, by openapi-typescript;
5. `manifests/install.yaml`: what `helm template` makes of the chart, with the Namespace and the
   CustomResourceDefinitions before it. Helm is the program that HELM names, or that on the PATH.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hack.devcluster import board
from hack.devcluster.errors import DevClusterError
from hack.generate import reasons, reference, values_schema
from stagework.api import names
from stagework.api.admission import (
    priority_policy,
    sign_ins_policy,
    stages_policy,
    verbs_policy,
)
from stagework.api.admission_children import children_policies
from stagework.api.crds import definitions
from stagework.api.kinds import DEFINED
from stagework.web import openapi

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "stagework"
COPIES = CHART / "files" / "crds"
POLICIES = CHART / "files"
VALUES_SCHEMA = CHART / "values.schema.json"
OPENAPI = ROOT / "docs" / "openapi.json"
BOARD_TYPES = ROOT / "operator" / "board" / "src" / "api" / "schema.d.ts"
REFERENCE = ROOT / "docs" / "api-reference.md"
REASONS = ROOT / "docs" / "reasons.md"
INSTALL = ROOT / "manifests" / "install.yaml"
NAMESPACE = "stagework-system"
KUBE_VERSION = "1.32.0"
"""Oldest version that the chart is for; without it helm assumes one that it was built with."""
HEADER = "# generated: make generate\n"
HELM_MISSING = """\
helm is not there, and manifests/install.yaml is made with it.
  mend: put helm 3.14 or newer on the PATH, or name it: HELM=/path/to/helm make generate
        (`python3 -m hack.devcluster tools` fetches or builds one and prints where it is)"""


class GenerateError(Exception):
    """Something cannot be generated; the text says what mends it."""


class _Plain(yaml.SafeDumper):
    """YAML without anchors: Kubernetes' readers and people both prefer the repetition."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def as_yaml(document: dict[str, Any]) -> str:
    """One document, keys in the order given."""
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, width=100, allow_unicode=True)


def from_types() -> Iterator[tuple[Path, str]]:
    """Files that follow from the types alone, with their text."""
    for name, document in definitions().items():
        text = HEADER + as_yaml(document)
        yield ROOT / "crds" / name, text
        yield COPIES / name, text
    for name, policy in policies().items():
        yield POLICIES / f"{name}-policy.yaml", HEADER + as_yaml(policy)
    yield VALUES_SCHEMA, values_schema.with_settings(VALUES_SCHEMA.read_text())
    yield REFERENCE, reference.markdown(DEFINED)
    yield REASONS, reasons.markdown(Path(names.__file__).read_text())
    description = openapi.document()
    yield OPENAPI, description
    yield BOARD_TYPES, board_types(description)


def board_types(description: str) -> str:
    """The page's types of what the API answers; raises GenerateError."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(description)
        file.flush()
        try:
            # stdout is for what was written: what is fetched on the way speaks on stderr.
            with contextlib.redirect_stdout(sys.stderr):
                return board.types(Path(file.name))
        except DevClusterError as error:
            raise GenerateError(str(error)) from error


def policies() -> dict[str, dict[str, Any]]:
    """What the chart's templates of admission policies are filled with, by file."""
    return {
        "stages": stages_policy(),
        "verbs": verbs_policy(),
        "priority": priority_policy(),
        "signins": sign_ins_policy(),
        "children": {"policies": children_policies()},
    }


def stale() -> list[Path]:
    """Generated files of kinds that are no more."""
    wanted = definitions()
    return [
        path
        for folder in (ROOT / "crds", COPIES)
        for path in sorted(folder.glob("*.yaml"))
        if path.name not in wanted
    ]


def install_manifest() -> str:
    """Everything that `kubectl apply -f` needs, in the order in which it needs it.

    Raises GenerateError where helm is missing or refuses the chart.
    """
    program = os.environ.get("HELM") or shutil.which("helm")
    if program is None or shutil.which(program) is None:
        raise GenerateError(HELM_MISSING)
    arguments = [program, "template", "stagework", str(CHART), "--namespace", NAMESPACE]
    arguments += ["--no-hooks", "--set", "crds.enabled=false", "--kube-version", KUBE_VERSION]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GenerateError(f"helm template failed: {done.stderr.strip()}")
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    documents = map(as_yaml, [namespace, *definitions().values()])
    return HEADER + "---\n" + "---\n".join(documents) + done.stdout


def write(path: Path, text: str) -> None:
    """Write a file where its text differs, and say so."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {path.relative_to(ROOT)}")


def generate() -> None:
    """Bring every generated file up to date."""
    for path, text in from_types():
        write(path, text)
    for path in stale():
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    write(INSTALL, install_manifest())


def differing() -> list[str]:
    """Names of the files that are not as they would be generated."""
    wanted = [*from_types(), (INSTALL, install_manifest())]
    wrong = [path for path, text in wanted if not path.is_file() or path.read_text() != text]
    return [str(path.relative_to(ROOT)) for path in [*wrong, *stale()]]


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done or no difference, 1 differences, 2 cannot."""
    parser = argparse.ArgumentParser(description="Write what follows from the resource types.")
    parser.add_argument("--check", action="store_true", help="only compare; 1 where files differ")
    try:
        if not parser.parse_args(arguments).check:
            generate()
            return 0
        wrong = differing()
    except GenerateError as error:
        print(error, file=sys.stderr)
        return 2
    for name in wrong:
        print(f"{name} is not as generated: run `make generate` and commit it", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
