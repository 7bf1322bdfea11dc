"""`stagework wait`: for scripts, because `kubectl wait` never returns when a run has failed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

import typer

from stagework.api.durations import short
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import CommandError, TimeRanOut
from stagework.cli.feed import Deleted, Denied, Feed, Listed, Seen, Trouble
from stagework.cli.options import Namespace
from stagework.cli.text import run_list, run_page
from stagework.cli.text.next_steps import next_command
from stagework.cli.text.tables import one_line
from stagework.overview import detail
from stagework.overview.run_end import run_end
from stagework.overview.times import elapsed_seconds

_TICK_SECONDS = 0.2


def wait(
    context: typer.Context,
    *,
    runs: Annotated[list[str], typer.Argument(metavar="NAME", help="Runs to wait for.")],
    namespace: Namespace = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds to wait; 0: poll once.")
    ] = 600,
) -> None:
    """Wait until all runs have succeeded: exit 0; 1 as soon as one fails; 2 on timeout."""
    session = session_of(context)
    where = session.namespace(namespace)
    missing = list(dict.fromkeys(runs))
    for name in missing:
        session.objects.run(where, name)
    only = missing[0] if len(missing) == 1 else ""
    feed = Feed(session.cluster, where, interval_seconds=1, only=only)
    feed.start()
    try:
        _wait(session, feed, missing, session.now() + timedelta(seconds=timeout))
    finally:
        feed.stop()


def _wait(session: Session, feed: Feed, names: list[str], deadline: datetime) -> None:
    pending: dict[str, PipelineJob | None] = dict.fromkeys(names)
    while pending:
        event = feed.next(_TICK_SECONDS)
        if isinstance(event, Trouble):
            session.terminal.warn(f"{event.text}; trying again")
        elif isinstance(event, Denied):
            raise event.error
        elif event is not None:
            for name, run in _news(event, pending):
                _judge(session, pending, name, run)
        if pending and session.now() >= deadline:
            raise _ran_out(session, pending)


def _news(
    event: Listed | Seen | Deleted, pending: Mapping[str, PipelineJob | None]
) -> list[tuple[str, PipelineJob | None]]:
    """The awaited runs that the event speaks of; None stands for one that is gone."""
    match event:
        case Listed(runs):
            present = {run.metadata.name: run for run in runs}
            return [(name, present.get(name)) for name in pending]
        case Seen(run):
            return [(run.metadata.name, run)] if run.metadata.name in pending else []
        case Deleted(uid):
            return [
                (name, None) for name, run in pending.items() if run and run.metadata.uid == uid
            ]


def _judge(
    session: Session,
    pending: dict[str, PipelineJob | None],
    name: str,
    run: PipelineJob | None,
) -> None:
    if run is None:
        raise CommandError(f"{name} was deleted while waiting", command="stagework status")
    pending[name] = run
    end = run_end(run)
    if end.kind == "Failed":
        where = f" at {end.stage}" if end.stage else ""
        raise CommandError(
            f"{name} failed{where} ({end.reason}): {one_line(end.message)}",
            command=next_command(run, session.home),
        )
    if end.kind == "Succeeded":
        del pending[name]
        took = short(elapsed_seconds(run, session.now()))
        session.terminal.say(f"{name} succeeded: {end.reason} in {took}", "good")


def _ran_out(session: Session, pending: dict[str, PipelineJob | None]) -> TimeRanOut:
    standings = [
        f"{name} is {_standing(run, session.now()) if run else 'not seen'}"
        for name, run in pending.items()
    ]
    first = next(iter(pending))
    run = pending[first]
    flag = session.home.flag(run.metadata.namespace) if run is not None else ""
    return TimeRanOut(
        f"time ran out: {'; '.join(standings)}", command=f"stagework status {first}{flag}"
    )


def _standing(run: PipelineJob, now: datetime) -> str:
    shown = detail.detail(run, now)
    waits = run_page.waits(shown)
    state = f"{shown.row.status} {run_list.progress(shown.row)}".strip()
    return f"{state}, waits for {waits[0]}" if waits else state
