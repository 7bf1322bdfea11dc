"""The sample manifests, ready to be created in the demo's namespace."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagework.cli import replies
from stagework.cli.errors import CommandError
from stagework.cli.templates import documents


@dataclass(frozen=True, slots=True)
class Samples:
    """What the folder holds."""

    pipelines: tuple[dict[str, Any], ...]
    runs: tuple[dict[str, Any], ...]


def load(folder: Path, runs: tuple[str, ...]) -> Samples:
    """The folder's Pipelines and the named PipelineJobs, in the order of the names."""
    files = [file for file in sorted(folder.glob("*.y*ml")) if file.is_file()]
    bodies = [body for file in files for body in documents(file)]
    known = {name_of(body): body for body in bodies if body.get("kind") == "PipelineJob"}
    missing = [name for name in runs if name not in known]
    if missing:
        raise CommandError(
            f"there is no PipelineJob {', '.join(missing)} in {folder}/*.yaml",
            command=f"ls {folder}",
        )
    pipelines = tuple(body for body in bodies if body.get("kind") == "Pipeline")
    return Samples(pipelines, tuple(known[name] for name in runs))


def name_of(body: Mapping[str, Any]) -> str:
    """`metadata.name`."""
    return str(replies.mapping(body.get("metadata")).get("name"))


def placed(body: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object in that namespace."""
    return {**body, "metadata": {**replies.mapping(body.get("metadata")), "namespace": namespace}}
