"""`stagework logs`: what a stage has written, while its Pod is there and after it is gone."""

from typing import Annotated, Final

import typer

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    Run,
    ServiceAccount,
)
from stagework.cli.pod_logs import LivePod, lines, lines_of, live_pod, require_logs
from stagework.cli.service import ApiService
from stagework.overview.attempts import last_begun
from stagework.overview.run_end import failing_stage

_POLL_SECONDS: Final = 1.0


def logs(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[
        str | None,
        typer.Argument(help="Its stage; the one that failed, else the current one, if absent."),
    ] = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, help="An earlier attempt; the last if absent.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for its start, and go on until its end.")
    ] = False,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Print the log of a stage; of attempts that failed also once their Pods are gone.

    You need the right to get pods/log in the namespace.
    """
    session = session_of(context)
    where = session.namespace(namespace)
    run, flag = session.objects.run(where, name), session.home.flag(where)
    chosen = _stage(run, stage, flag)
    number = attempt or last_begun(chosen)
    pod = live_pod(session.cluster, run, chosen, number)
    while follow and (pod is None or not pod.container) and _may_start(run, chosen, number):
        session.sleep(_POLL_SECONDS)
        run = session.objects.run(where, name)
        chosen = _stage(run, chosen.name, flag)
        pod = live_pod(session.cluster, run, chosen, number)
    if pod is not None and pod.container:
        _live(session, chosen, number, pod, where=where, follow=follow)
        return
    _require_begun(session, run, chosen, number)
    service = ApiService(session.cluster, release_namespace, where, service_account)
    _kept(session, service, run, chosen, number)


def _live(
    session: Session, stage: StageStatus, number: int, pod: LivePod, *, where: str, follow: bool
) -> None:
    session.terminal.note(_head(stage, number))
    for line in lines(session.cluster, where, pod, follow=follow):
        session.terminal.raw(line)


def _kept(
    session: Session, service: ApiService, run: PipelineJob, stage: StageStatus, number: int
) -> None:
    require_logs(session.cluster, service.namespace)
    kept = service.log(run.metadata.name, stage.name, number)
    if kept is None:
        raise _no_log(session, run, stage, number, _why_not_kept(stage, number))
    session.terminal.note(f"{_head(stage, number)} (its Pod is gone: this was kept)")
    for line in lines_of(iter((kept,))):
        session.terminal.raw(line)


def _stage(run: PipelineJob, name: str | None, flag: str) -> StageStatus:
    status, about = run.status, run.metadata.name
    command = f"stagework status {about}{flag}"
    if not status.stages:
        raise CommandError(
            f"{about} has no stages yet: {status.message or 'the operator has not seen it'}",
            command=command,
        )
    if name is None:
        return failing_stage(status) or status.current_stage or status.stages[0]
    found = status.stage_named(name)
    if found is None:
        known = ", ".join(stage.name for stage in status.stages)
        raise CommandError(
            f"{about} has no stage {name!r}; it has {known}",
            command=command,
        )
    return found


def _may_start(run: PipelineJob, stage: StageStatus, number: int) -> bool:
    return not (run.status.ended or stage.ended or stage.attempt > number)


def _head(stage: StageStatus, number: int) -> str:
    if number != stage.attempt:
        ended = next((e for e in stage.earlier if e.attempt == number), None)
        return f"{stage.name}, attempt {number}" + (f": {ended.reason}" if ended else "")
    cause = f": {stage.cause}" if stage.state == names.STAGE_FAILED_STATE else ""
    return f"{stage.name}, attempt {number}, {stage.state}{cause}"


def _no_log(
    session: Session, run: PipelineJob, stage: StageStatus, number: int, cause: str
) -> CommandError:
    name, flag = run.metadata.name, session.home.flag(run.metadata.namespace)
    return CommandError(
        f"there is no log of attempt {number} of {stage.name}: {cause}",
        command=f"stagework status {name}{flag}",
    )


def _require_begun(session: Session, run: PipelineJob, stage: StageStatus, number: int) -> None:
    """Nobody needs to be asked for a log that never was: the right to read it is no matter then."""
    missing = _never_was(stage, number)
    if missing:
        raise _no_log(session, run, stage, number, missing)


def _never_was(stage: StageStatus, number: int) -> str:
    """Why nobody needs to be asked for that log; empty where it may be kept."""
    if number > stage.attempt:
        return f"its last attempt is {stage.attempt}"
    if number < stage.attempt or stage.startTime is not None:
        return ""
    if stage.state == names.STAGE_NOT_RUN:
        return f"it was not run ({stage.cause})"
    return "" if stage.ended else stage.cause or "it has not started"


def _why_not_kept(stage: StageStatus, number: int) -> str:
    if number == stage.attempt and stage.done:
        return "its Pod is gone, and only logs of attempts that failed are kept"
    return "its Pod is gone, and none was kept of it"
