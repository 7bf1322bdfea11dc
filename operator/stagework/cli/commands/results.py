"""`stagework results`: fetch what a run has produced, and show its values."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from pydantic import ValidationError

from stagekit.contract import RESULT_FILE
from stagework.api.pipelinejob import PipelineJob, StageStatus
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.service import ApiService
from stagework.cli.session import Session, session_of
from stagework.cli.text.values import Fetched, StageResult, pictures, values_table


def results(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="The run.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; ./out/NAME by default.")] = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "default",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Download the committed outputs of a run into DIR/<stage>/ and show the values."""
    session = session_of(context)
    where = session.namespace(namespace)
    job = session.objects.job(where, name)
    service = ApiService(session.cluster, release_namespace, where, service_account)
    folder = to or Path("out") / name
    fetched = fetch(service, job, folder)
    if not fetched:
        flag = session.home.flag(where)
        if job.finished:
            raise CommandError(
                f"{name} has no outputs: stages with `contract: ExitCode` keep none",
                command=f"stagework status {name}{flag}",
            )
        raise CommandError(
            f"{name} has no committed outputs yet", command=f"stagework wait {name}{flag}"
        )
    show(session, fetched, folder)


def fetch(service: ApiService, job: PipelineJob, folder: Path) -> list[Fetched]:
    """Download every committed output, stage by stage in the pipeline's order."""
    return [
        _stage(service, stage, folder / stage.name)
        for stage in job.status.stages
        if stage.commit is not None and stage.commit.prefix
    ]


def show(session: Session, fetched: list[Fetched], folder: Path) -> None:
    """The table of values, then where the files are."""
    table = values_table(fetched)
    if table.rows:
        session.terminal.table(table)
        session.terminal.say()
    count = sum(len(each.files) for each in fetched)
    session.terminal.say(f"{count} files of {len(fetched)} stages in {folder}/")
    for path in pictures(fetched):
        session.terminal.say(f"  {path}")


def _stage(service: ApiService, stage: StageStatus, folder: Path) -> Fetched:
    commit = stage.commit
    if commit is None:
        raise AssertionError("only committed stages are fetched")
    paths = [_safe(path) for path in service.files(commit.prefix)]
    for path in paths:
        service.download(commit.prefix, path, folder / path)
    result = StageResult(stage=stage.name)
    account = folder / RESULT_FILE
    if RESULT_FILE in paths:
        _check(account, commit.digest)
        try:
            result = StageResult.model_validate_json(account.read_bytes())
        except ValidationError as error:
            raise CommandError(f"{account} is no result of a stage: {error}") from error
    for each in result.files:
        if each.path in paths:
            _check(folder / each.path, each.sha256)
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
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != wanted:
        file.unlink()
        raise CommandError(
            f"{file} arrived damaged: sha256 {found[:12]}... instead of {wanted[:12]}...; "
            "it was removed: fetch it again"
        )
