"""`stagework monitor`: follow many runs at once, pick up new ones, until Ctrl-C."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stagework.cli.commands.follower import Follower, Rhythm, signals
from stagework.cli.commands.session import Session, session_of
from stagework.cli.commands.slot_holders import holders_for
from stagework.cli.errors import (
    EXIT_FAILED,
    EXIT_TIMEOUT,
    ClusterUnreachable,
    CommandError,
)
from stagework.cli.feed import REFUSALS_MAX, Feed
from stagework.cli.objects import RUNS, read_run
from stagework.cli.options import Namespace
from stagework.cli.templates import load_template, named_pipeline
from stagework.cli.text.monitor_lines import Line, MonitorLines, MonitorSettings, banner
from stagework.cli.text.screens import screen_for
from stagework.cli.watchlist import Wanted, Watchlist

_SPAN: Final = re.compile(r"(\d+)([smhd]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


Runs = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Runs to follow; new ones by itself if absent."),
]
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Runs of all namespaces.")]
OfPipeline = Annotated[str, typer.Option(help="Only runs of this Pipeline.")]
OfTenant = Annotated[str, typer.Option(metavar="ID", help="Only runs of this tenant.")]
AfterStage = Annotated[
    str, typer.Option(metavar="STAGE", help="Pick a run up once this stage is done.")
]
Since = Annotated[str, typer.Option(help="Pick up runs created within this time.")]
Limit = Annotated[int, typer.Option(min=1, help="Runs picked up in one poll at most.")]
Timeout = Annotated[
    float, typer.Option(min=0, help="Seconds after which a run that goes on is warned of.")
]
Interval = Annotated[float, typer.Option(min=0.1, help="Seconds between two polls.")]
AutoCreate = Annotated[
    bool, typer.Option("--auto-create", help="Make new runs (development, load test).")
]
CreateInterval = Annotated[float, typer.Option(min=0.1, help="Seconds between two new runs.")]
Template = Annotated[
    Path | None, typer.Option(help="PipelineJob (YAML) that new runs are made from.")
]
Once = Annotated[bool, typer.Option("--once", help="Poll once, list, and end.")]
UntilDone = Annotated[
    bool, typer.Option("--until-done", help="End when every followed run has ended.")
]
ByName = Annotated[
    bool, typer.Option("--by-name", help="Begin lines with the run's name, not its id.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Lines only, also in a terminal.")]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the monitor shows what it follows, and when it ends by itself."""

    once: bool
    """It ends after one poll."""
    until_done: bool
    """It ends when every followed run has ended."""
    by_name: bool
    """Lines begin with the run's name."""
    plain: bool
    """Lines only."""


def monitor(
    context: typer.Context,
    *,
    runs: Runs = None,
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    pipeline: OfPipeline = "",
    tenant: OfTenant = "",
    after_stage: AfterStage = "",
    since: Since = "1h",
    limit: Limit = 10,
    timeout: Timeout = 600,
    interval: Interval = 2,
    auto_create: AutoCreate = False,
    create_interval: CreateInterval = 60,
    template: Template = None,
    once: Once = False,
    until_done: UntilDone = False,
    by_name: ByName = False,
    plain: Plain = False,
) -> None:
    """Follow runs and print a line per step change; stopping it never stops a run.

    With --until-done: exit 0 if all succeeded, 1 if one failed, 2 if one ran past its timeout.
    """
    session = session_of(context)
    settings = MonitorSettings(
        namespace="" if everywhere else session.namespace(namespace),
        runs=tuple(dict.fromkeys(runs or ())),
        pipeline=pipeline,
        tenant=tenant,
        after_stage=after_stage,
        since_seconds=seconds_of(since),
        limit=limit,
        interval_seconds=interval,
        timeout_seconds=timeout,
        create_interval_seconds=create_interval if auto_create else None,
    )
    _follow(session, settings, template, Manner(once, until_done, by_name, plain))


def _follow(
    session: Session, settings: MonitorSettings, template: Path | None, manner: Manner
) -> None:
    where = settings.namespace or None
    for name in settings.runs if where else ():
        session.objects.run(settings.namespace, name)
    creates = settings.create_interval_seconds is not None
    body = _template(template, settings.pipeline, settings.tenant) if creates else {}
    watchlist, lines = _watchlist(settings), MonitorLines(session.home, manner.by_name)
    create = RunMaker(session, where or session.cluster.namespace, body, lines)
    with signals() as wishes, screen_for(session.terminal, plain=manner.plain) as screen:
        for text in banner(settings):
            screen.show(Line(text))
        follower = Follower(
            Feed(session.cluster, where, interval_seconds=settings.interval_seconds),
            watchlist,
            lines,
            screen,
            now=session.now,
            rhythm=Rhythm(poll=settings.interval_seconds, create=settings.create_interval_seconds),
            holders=lambda waiting: holders_for(
                session, waiting, where or session.cluster.namespace
            ),
            create=create.once if creates else None,
        )
        follower.run(wishes, until_done=manner.until_done, once=manner.once)
        if wishes.stop.is_set():
            count = len(watchlist.followed)
            going_on = "1 followed run goes" if count == 1 else f"{count} followed runs go"
            screen.show(Line(f"monitor stopped; {going_on} on without it"))
            return
    if manner.until_done and any(end.kind == "Failed" for end in watchlist.ends.values()):
        raise typer.Exit(EXIT_FAILED)
    if manner.until_done and watchlist.late:
        raise typer.Exit(EXIT_TIMEOUT)


def _watchlist(settings: MonitorSettings) -> Watchlist:
    wanted = Wanted(
        frozenset(settings.runs),
        settings.pipeline,
        settings.tenant,
        settings.since_seconds,
        settings.after_stage,
    )
    return Watchlist(wanted, limit=settings.limit, timeout_seconds=settings.timeout_seconds)


def seconds_of(span: str) -> float:
    """`90`, `90s`, `15m`, `1h` or `2d` in seconds; raises BadParameter."""
    parts = _SPAN.fullmatch(span.strip())
    if parts is None:
        raise typer.BadParameter(f"{span!r} is no time span: write 90s, 15m, 1h or 2d")
    return int(parts[1]) * _UNITS[parts[2]]


def _template(file: Path | None, pipeline: str, tenant: str) -> dict[str, Any]:
    if file is not None:
        return load_template(file, tenant)
    if pipeline:
        return named_pipeline(pipeline, tenant)
    raise CommandError(
        "--auto-create needs to know what to create",
        command="stagework monitor --auto-create --template FILE",
    )


class RunMaker:
    """Makes runs, until the same refusal has come too often."""

    def __init__(
        self, session: Session, namespace: str, body: dict[str, Any], lines: MonitorLines
    ) -> None:
        self._session = session
        self._namespace = namespace
        self._body = body
        self._lines = lines
        self._refusals = 0

    def once(self) -> Line:
        """One run, or why there is none; raises CommandError after refusals that repeat."""
        try:
            made = self._session.objects.create(RUNS, self._namespace, self._body)
        except ClusterUnreachable as error:
            # A load test goes on; the next turn tries again.
            return Line(f"WARNING auto-create: {error.message}", "wait")
        except CommandError as error:
            self._refusals += 1
            if self._refusals < REFUSALS_MAX:
                return Line(f"WARNING auto-create: {error.message}", "wait")
            raise CommandError(
                f"auto-create was refused {self._refusals} times in a row, and stops; runs that "
                f"were followed go on: {error.message}",
                command=error.command,
            ) from error
        self._refusals = 0
        return self._lines.created(read_run(made))
