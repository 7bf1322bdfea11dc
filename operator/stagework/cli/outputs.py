"""What a run has produced: its committed outputs, fetched, checked and read.

Files come from a stage's container: none lands outside its folder, and each must have the digest
that the operator committed (`result.json`) or that the stage wrote down (the others).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import Field, ValidationError

from stagekit.contract import RESULT_FILE
from stagework.api.base import Observed
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import Commit
from stagework.cli.errors import CommandError
from stagework.cli.service import ApiService

Scalar = str | int | float | bool | None
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
"""Endings of the files that a person opens first."""


class ResultFile(Observed):
    """A file that a stage wrote."""

    path: str
    size: int = 0
    sha256: str = ""


class StageResult(Observed):
    """A stage's `result.json`, as far as it is shown."""

    stage: str
    outcome: str = ""
    machine: str = ""
    method: str = ""
    files: list[ResultFile] = []
    values: dict[str, Scalar] = Field(default={})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A stage's results, and where its files are now."""

    result: StageResult
    files: tuple[str, ...]
    """Paths on this machine."""


def fetch(service: ApiService, run: PipelineJob, folder: Path) -> list[Fetched]:
    """Download every committed output into `folder/<stage>/`, in the pipeline's order."""
    meta = run.metadata
    return [
        _fetch_stage(
            *(service, stage.name, stage.commit),
            stage.commit.prefix_of(meta.namespace, meta.uid, stage.name),
            folder / stage.name,
        )
        for stage in run.status.stages
        if stage.commit is not None
    ]


def file_count(fetched: Iterable[Fetched]) -> int:
    """How many files there are."""
    return sum(len(outputs.files) for outputs in fetched)


def pictures(fetched: Iterable[Fetched]) -> list[str]:
    """Paths of the pictures, in the order given."""
    return [
        path
        for outputs in fetched
        for path in outputs.files
        if PurePosixPath(path).suffix.lower() in PICTURES
    ]


def _fetch_stage(
    service: ApiService, stage: str, commit: Commit, prefix: str, folder: Path
) -> Fetched:
    paths = [_safe(path) for path in service.files(prefix)]
    for path in paths:
        service.download(prefix, path, folder / path)
    result = StageResult(stage=stage)
    account = folder / RESULT_FILE
    if RESULT_FILE in paths:
        _check(account, commit.digest)
        try:
            result = StageResult.model_validate_json(account.read_bytes())
        except ValidationError as error:
            raise CommandError(f"{account} is no result of a stage: {error}") from error
    for listed in result.files:
        if listed.path in paths:
            _check(folder / listed.path, listed.sha256)
    return Fetched(result, tuple(str(folder / path) for path in paths))


def _safe(path: str) -> str:
    # The path comes from a stage's container: it must stay below our folder.
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise CommandError(f"refused to write a file that calls itself {path!r}")
    return path


def _check(file: Path, wanted: str) -> None:
    if not wanted:
        return
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != wanted:
        file.unlink()
        raise CommandError(
            f"{file} arrived damaged: sha256 {digest[:12]}... instead of {wanted[:12]}...; "
            "it was removed: fetch it again"
        )
