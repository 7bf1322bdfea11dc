"""The loop of `monitor`: take changes from the feed, print lines, until asked to stop."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from typing import Final

from stagework.api.pipelinejob import PipelineJob
from stagework.cli.errors import CommandError
from stagework.cli.feed import Deleted, Denied, Event, Feed, Listed, Seen, Trouble
from stagework.cli.text.monitor_lines import Line, MonitorLines
from stagework.cli.text.screens import Screen
from stagework.cli.watchlist import News, Watchlist
from stagework.overview.holders import SlotHolder

_TICK_SECONDS: Final = 0.2
"""How soon a signal, a timeout or the live view's clock is noticed."""


class Wishes:
    """What signals ask of the loop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.list = threading.Event()


@contextlib.contextmanager
def signals() -> Generator[Wishes]:
    """SIGINT and SIGTERM ask to stop, SIGUSR1 for the list; the old handlers come back."""
    wishes = Wishes()
    if threading.current_thread() is not threading.main_thread():
        yield wishes
        return
    events = {signal.SIGINT: wishes.stop, signal.SIGTERM: wishes.stop}
    if hasattr(signal, "SIGUSR1"):
        events[signal.SIGUSR1] = wishes.list

    def note(number: int, _frame: FrameType | None) -> None:
        events[signal.Signals(number)].set()

    before = {number: signal.signal(number, note) for number in events}
    try:
        yield wishes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Rhythm:
    """When the loop does what by itself, in seconds."""

    poll: float
    """Between two polls for new runs."""
    listing: float = 60
    """Between two lists of what is monitored."""
    create: float | None = None
    """Between two new runs; None: none are made."""


def _nobody(_waiting: Sequence[PipelineJob]) -> tuple[SlotHolder, ...]:
    return ()


class Follower:
    """Follows runs until they end, or until asked to stop."""

    def __init__(
        self,
        feed: Feed,
        watchlist: Watchlist,
        lines: MonitorLines,
        screen: Screen,
        *,
        now: Callable[[], datetime],
        rhythm: Rhythm,
        create: Callable[[], Line] | None = None,
        holders: Callable[[Sequence[PipelineJob]], tuple[SlotHolder, ...]] = _nobody,
    ) -> None:
        """`create` makes a new run and says so; `holders` have the slots that runs wait for."""
        self._feed = feed
        self._watchlist = watchlist
        self._lines = lines
        self._screen = screen
        self._now = now
        self._rhythm = rhythm
        self._create = create
        self._holders = holders
        self._done_at: dict[str, datetime] = {}

    def run(self, wishes: Wishes, *, until_done: bool, once: bool = False) -> None:
        """Follow; with `until_done` until every run has ended or is past its timeout.

        Raises CommandError where the API server refuses the same again and again.
        """
        self._done_at["listing"] = self._now()
        self._feed.start()
        try:
            while not wishes.stop.is_set():
                self._take()
                now = self._now()
                if self._due("poll", self._rhythm.poll, now):
                    self._print(self._watchlist.poll(now), now)
                if once:
                    self._list(now)
                    return
                if self._create and self._due("create", self._rhythm.create or 60, now):
                    self._screen.show(self._create())
                self._list_if_due(wishes, now)
                self._screen.bars(self._watchlist.rows(now))
                if until_done and self._over():
                    return
        finally:
            self._feed.stop()

    def _over(self) -> bool:
        if self._watchlist.idle:
            return bool(self._watchlist.ends) or self._create is None
        return len(self._watchlist.late) == len(self._watchlist.followed)

    def _take(self) -> None:
        event = self._feed.next(_TICK_SECONDS)
        # What has come together is taken together: one poll, one painting.
        while event is not None:
            self._handle(event, self._now())
            event = self._feed.next(0) if not isinstance(event, Listed) else None

    def _handle(self, event: Event, now: datetime) -> None:
        match event:
            case Listed(runs):
                self._print(self._watchlist.listed(runs, now), now)
                self._done_at.pop("poll", None)
            case Seen(run):
                self._print(self._watchlist.seen(run, now), now)
            case Deleted(uid):
                self._print(self._watchlist.deleted(uid), now)
            case Trouble(text):
                self._screen.show(Line(f"WARNING {text}; trying again", "wait"))
            case Denied(error):
                raise error

    def _list_if_due(self, wishes: Wishes, now: datetime) -> None:
        wished = wishes.list.is_set()
        wishes.list.clear()
        due = self._due("listing", self._rhythm.listing, now)
        if wished or (due and self._watchlist.followed):
            self._list(now)

    def _list(self, now: datetime) -> None:
        followed = self._watchlist.followed
        for line in self._lines.listing(followed, now):
            self._screen.show(line)
        try:
            holders = self._holders(followed)
        except CommandError as error:
            self._screen.show(Line(f"WARNING {error.message}; trying again", "wait"))
            return
        for line in self._lines.holders(holders):
            self._screen.show(line)

    def _due(self, what: str, every_seconds: float, now: datetime) -> bool:
        last = self._done_at.get(what)
        if last is not None and (now - last).total_seconds() < every_seconds:
            return False
        self._done_at[what] = now
        return True

    def _print(self, news: list[News], now: datetime) -> None:
        for item in news:
            self._screen.show(self._lines.line(item, now))
