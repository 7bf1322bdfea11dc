"""`stagework schedule ...`: what makes runs by the time."""

import json
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from stagework.api import names
from stagework.api.intervention import InterventionSpec, Target
from stagework.api.kinds import RUN_NOW, SCHEDULEDJOB, SKIP_NEXT
from stagework.api.scheduledjob import ScheduledJob
from stagework.cli.commands import interventions
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import EXIT_HELP, CommandError, Refused
from stagework.cli.options import DryRun, Namespace, Reason
from stagework.cli.schedules import Schedules, read_schedule
from stagework.cli.text import schedule_page
from stagework.overview.schedules import next_slots, row_of, scheduler_status, verbs_of
from stagework.policies.schedules.timetable import NoTimetable

app: Final = typer.Typer(
    help="Runs by the time: list, make, pause, run now.", no_args_is_help=True, epilog=EXIT_HELP
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The ScheduledJob.")]
NOT_WRITTEN: Final = " (dry run: nothing was written)"


class Format(StrEnum):
    """`-o`."""

    json = "json"


Output = Annotated[Format | None, typer.Option("--output", "-o", help="json.")]


@app.command("list")
def list_all(
    context: typer.Context,
    *,
    namespace: Namespace = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")
    ] = False,
    output: Output = None,
) -> None:
    """List schedules, with their next slots."""
    session = session_of(context)
    where = None if all_namespaces else session.namespace(namespace)
    known = [read_schedule(raw) for raw in Schedules(session.cluster).list(where)]
    rows = [row_of(schedule) for schedule in known]
    if output is not None:
        session.terminal.say(json.dumps(schedule_page.objects(rows), indent=2))
    else:
        table = schedule_page.table(rows, session.now(), namespaces=all_namespaces)
        session.terminal.table(table)


@app.command()
def status(context: typer.Context, *, namespace: Namespace = None, output: Output = None) -> None:
    """Say whether runs are made, how many schedules there are, and which slots are next."""
    session = session_of(context)
    listed = Schedules(session.cluster).list(session.namespace(namespace))
    whole = scheduler_status(map(read_schedule, listed), session.now())
    if output is not None:
        session.terminal.say(json.dumps(schedule_page.status_object(whole), indent=2))
        return
    for line in schedule_page.status_lines(whole):
        session.terminal.say(line)


@app.command()
def show(
    context: typer.Context, name: Name, *, namespace: Namespace = None, output: Output = None
) -> None:
    """Show one: when, what has come of it, and what is next."""
    session, schedule = _schedule(context, namespace, name)
    if output is not None:
        shown = schedule.model_dump(mode="json", exclude_none=True, exclude={"metadata"})
        session.terminal.say(json.dumps({"name": name, **shown}, indent=2))
        return
    for line in schedule_page.page(schedule):
        session.terminal.say(line)


@app.command("next")
def next_times(
    context: typer.Context,
    name: Name,
    *,
    namespace: Namespace = None,
) -> None:
    """Print the next five slots, computed here by the operator's own code."""
    session, schedule = _schedule(context, namespace, name)
    texts = next_slots(schedule, session.now())
    if isinstance(texts, NoTimetable):
        raise Refused(texts.sentence)
    for line in schedule_page.times(texts):
        session.terminal.say(line)


@app.command()
def create(
    context: typer.Context,
    name: Name,
    *,
    pipeline: Annotated[str, typer.Option("--pipeline", help="The Pipeline to run.")],
    cron: Annotated[str, typer.Option("--cron", help="Five fields, such as '0 2 * * 1-5'.")] = "",
    every: Annotated[int, typer.Option("--every", min=0, help="Seconds between two slots.")] = 0,
    at: Annotated[str, typer.Option("--at", help="One date: 2026-12-01T09:00:00+09:00.")] = "",
    zone: Annotated[str, typer.Option("--zone", help="Time zone, by its IANA name.")] = "UTC",
    param: Annotated[
        list[str] | None, typer.Option("--param", help="NAME=VALUE of a run; may be repeated.")
    ] = None,
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Make a schedule that runs a Pipeline."""
    session = session_of(context)
    when = {"cron": cron, "intervalSeconds": every, "at": at}
    run: dict[str, Any] = {"pipelineRef": {"name": pipeline}}
    if param:
        run["params"] = dict(map(_pair, param))
    spec = {
        "schedule": {key: value for key, value in when.items() if value},
        "timeZone": zone,
        "template": {"pipelineJob": run},
    }
    Schedules(session.cluster).create(session.namespace(namespace), name, spec, dry_run=dry_run)
    said = f"scheduledjob.{names.GROUP}/{name} created"
    session.terminal.say(said + (NOT_WRITTEN if dry_run else ""))


@app.command()
def pause(
    context: typer.Context, name: Name, *, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Make no runs until it is resumed; what runs goes on, and no slot of that time comes later."""
    _suspend(context, name, namespace, "paused: no slot runs", suspend=True, dry_run=dry_run)


@app.command()
def resume(
    context: typer.Context, name: Name, *, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Make runs again, from now on."""
    _suspend(context, name, namespace, "resumed", suspend=False, dry_run=dry_run)


@app.command("run-now")
def run_now(
    context: typer.Context,
    name: Name,
    *,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Make a run now, beside those of its slots; also of one that is paused."""
    _intervene(context, name, RUN_NOW, namespace=namespace, reason=reason, dry_run=dry_run)


@app.command("skip-next")
def skip_next(
    context: typer.Context,
    name: Name,
    *,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Let the next slot pass without a run; once more: the one after it, too."""
    _intervene(context, name, SKIP_NEXT, namespace=namespace, reason=reason, dry_run=dry_run)


@app.command()
def remove(
    context: typer.Context, name: Name, *, dry_run: DryRun = False, namespace: Namespace = None
) -> None:
    """Delete a schedule, and the runs that it has made."""
    session = session_of(context)
    Schedules(session.cluster).remove(session.namespace(namespace), name, dry_run=dry_run)
    said = f"scheduledjob.{names.GROUP}/{name} deleted"
    session.terminal.say(said + (NOT_WRITTEN if dry_run else ""))


def _schedule(
    context: typer.Context, namespace: str | None, name: str
) -> tuple[Session, ScheduledJob]:
    session = session_of(context)
    return session, Schedules(session.cluster).get(session.namespace(namespace), name)


def _suspend(
    context: typer.Context,
    name: str,
    namespace: str | None,
    said: str,
    *,
    suspend: bool,
    dry_run: bool,
) -> None:
    session = session_of(context)
    where, schedules = session.namespace(namespace), Schedules(session.cluster)
    schedules.change(where, name, {"suspend": suspend}, dry_run=dry_run)
    session.terminal.say(f"{name}: {said}" + (NOT_WRITTEN if dry_run else ""))


def _intervene(
    context: typer.Context,
    name: str,
    verb: str,
    *,
    namespace: str | None,
    reason: str,
    dry_run: bool,
) -> None:
    session, schedule = _schedule(context, namespace, name)
    meta = schedule.metadata
    spec = InterventionSpec.model_construct(
        target=Target(kind=SCHEDULEDJOB.kind, name=meta.name, uid=meta.uid),
        verb=verb,
        stages=[],
        attempt=None,
        descendants="NotRun",
        reason=reason,
        requestedBy="",
    )
    if not dry_run:
        show = f"stagework schedule show {meta.name}{session.home.flag(meta.namespace)}"
        interventions.request(session, meta, spec, SCHEDULEDJOB, show=show)
        return
    judgement = verbs_of(schedule, session.now()).judge(spec, schedule.status)
    interventions.print_preview(session, verb, judgement, SCHEDULEDJOB)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise CommandError(f"--param {text}: write it as NAME=VALUE")
    return name, value
