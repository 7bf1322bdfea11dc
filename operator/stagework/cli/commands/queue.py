"""`stagework queue` and `stagework top`: the numbers of the whole queue, once or as they change."""

import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Annotated, Final

import typer
from rich.text import Text

from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.follower import Wishes, signals
from stagework.cli.commands.session import Session, session_of
from stagework.cli.feed import Deleted, Denied, Event, Feed, Listed, Seen, Trouble
from stagework.cli.live_queue import LiveQueue
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, JsonFormat, ReleaseNamespace
from stagework.cli.text import board_page, top_table
from stagework.cli.text.board_screens import BoardScreen, board_screen_for
from stagework.overview.queue.board import Board, board
from stagework.overview.queue.document import document, failed_document
from stagework.overview.queue.failed import failed_items

_TICK_SECONDS: Final = 0.2
NODES_SECONDS: Final = 30.0
"""Nodes are read anew so often while the board is watched."""
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace", "-n", help="Runs of this namespace; of all that you may list if absent."
    ),
]
Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Show it anew as it changes, until Ctrl-C.")
]
Interval = Annotated[float, typer.Option(min=0.1, help="Seconds between two showings with -w.")]
Failed = Annotated[
    bool, typer.Option("--failed", help="List what has failed instead: what may be retried.")
]
Output = Annotated[JsonFormat | None, typer.Option("--output", "-o", help="json.")]
Page = Callable[[Board, tzinfo], list[Text]]


def queue(
    context: typer.Context,
    *,
    namespace: Namespace = None,
    watch: Watch = False,
    interval: Interval = 1,
    failed: Failed = False,
    output: Output = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show what waits, runs and has failed, how fast it goes, and when it will be done."""
    session = session_of(context)
    live = LiveQueue(session.cluster, release_namespace)
    if failed:
        _list_failed(session, live, namespace, output)
    elif not watch:
        _once(session, live, namespace, output, board_page.page)
    else:
        _watch(session, live, namespace, interval, output)


def top(
    context: typer.Context,
    *,
    namespace: Namespace = None,
    output: Output = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show the machine classes, their slots, and who holds them."""
    session = session_of(context)
    live = LiveQueue(session.cluster, release_namespace)
    _once(session, live, namespace, output, top_table.page)


def _once(
    session: Session, live: LiveQueue, namespace: str | None, output: JsonFormat | None, page: Page
) -> None:
    runs = _listed(session, live, namespace)
    live.read_nodes()
    why = live.read_past()
    if why:
        session.terminal.note(f"what is done is counted of runs that are still there: {why}")
    made = _made(live, runs, session.now())
    rules = live.rules(runs)
    if not rules.known:
        session.terminal.note("the release's settings cannot be read: machine classes as runs say")
    if output is JsonFormat.json:
        session.terminal.say(json.dumps(document(made), indent=2, ensure_ascii=False))
    else:
        session.terminal.lines(page(made, rules.zone))


def _list_failed(
    session: Session, live: LiveQueue, namespace: str | None, output: JsonFormat | None
) -> None:
    seen = live.seen(_listed(session, live, namespace))
    items = failed_items(seen.rows, seen.places)
    if output is JsonFormat.json:
        listed = [failed_document(item) for item in items]
        session.terminal.say(json.dumps(listed, indent=2, ensure_ascii=False))
    elif not items:
        session.terminal.say("Nothing has failed.")
    else:
        session.terminal.table(board_page.failed_table(items, session.now()))


def _listed(session: Session, live: LiveQueue, namespace: str | None) -> tuple[PipelineJob, ...]:
    listing, where = live.runs(namespace)
    for text in listing.unreadable:
        session.terminal.warn(text)
    if namespace is None and where is not None:
        session.terminal.note(f"only runs of namespace {where}: you may not list those of all")
    return listing.runs


def _made(live: LiveQueue, runs: tuple[PipelineJob, ...], now: datetime) -> Board:
    return board(live.seen(runs), now)


def _watch(
    session: Session,
    live: LiveQueue,
    namespace: str | None,
    interval: float,
    output: JsonFormat | None,
) -> None:
    _, where = live.runs(namespace)
    feed = Feed(session.cluster, where, interval_seconds=interval)
    as_json = output is JsonFormat.json
    with signals() as wishes, board_screen_for(session.terminal, as_json=as_json) as screen:
        _Watcher(session, live, feed, screen, interval).run(wishes)


class _Watcher:
    """Keeps the runs by uid, and shows the board anew when something has changed."""

    def __init__(
        self,
        session: Session,
        live: LiveQueue,
        feed: Feed,
        screen: BoardScreen,
        interval_seconds: float,
    ) -> None:
        self._session = session
        self._live = live
        self._feed = feed
        self._screen = screen
        self._interval_seconds = interval_seconds
        self._runs: dict[str, PipelineJob] = {}
        self._listed = False
        self._nodes_at: datetime | None = None
        self._shown_at: datetime | None = None

    def run(self, wishes: Wishes) -> None:
        """Until asked to stop."""
        self._feed.start()
        try:
            while not wishes.stop.is_set():
                self._take()
                if self._listed and self._due(self._shown_at, self._interval_seconds):
                    self._show()
        finally:
            self._feed.stop()

    def _take(self) -> None:
        event = self._feed.next(_TICK_SECONDS)
        while event is not None:
            self._handle(event)
            event = self._feed.next(0)

    def _handle(self, event: Event) -> None:
        match event:
            case Listed(runs):
                self._runs = {run.metadata.uid: run for run in runs}
                self._listed = True
            case Seen(run):
                self._runs[run.metadata.uid] = run
            case Deleted(uid):
                self._runs.pop(uid, None)
            case Trouble(text):
                self._session.terminal.warn(f"{text}; trying again")
            case Denied(error):
                raise error

    def _show(self) -> None:
        now = self._session.now()
        if self._due(self._nodes_at, NODES_SECONDS):
            self._live.read_nodes()
            self._live.read_past()
            self._nodes_at = now
        runs = tuple(self._runs.values())
        self._screen.show(_made(self._live, runs, now), self._live.rules(runs).zone)
        self._shown_at = now

    def _due(self, last: datetime | None, every_seconds: float) -> bool:
        return last is None or (self._session.now() - last).total_seconds() >= every_seconds
