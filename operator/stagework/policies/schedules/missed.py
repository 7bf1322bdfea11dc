"""Which of the slots that have passed run now, and which are skipped?

1. A slot whose run is begun, or may be, goes first: it must be known as its own, however late it
   is and whatever follows.
2. What is later than the grace is skipped.
3. Of the rest the latest or the earliest runs, or all do: of those the latest ones, up to a limit.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stagework.api.scheduledjob import Coalesce
from stagework.policies.schedules.cron import COUNTED
from stagework.policies.schedules.timetable import Timetable

CAUGHT_UP: Final = 20
"""So many missed slots are run, at most."""
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Skipped:
    """How many slots get no run, by cause."""

    late: int = 0
    """Later than the grace."""
    coalesced: int = 0
    """Another slot of the same time stands for them."""
    beyond_limit: int = 0
    """All were to run, and they are too many."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.late + self.coalesced + self.beyond_limit

    @property
    def missed(self) -> int:
        """Those that nobody wanted to go without a run."""
        return self.late + self.beyond_limit

    @property
    def is_lower_bound(self) -> bool:
        """There were more than are counted."""
        return self.total >= COUNTED


@dataclass(frozen=True)
class Passed:
    """What becomes of the slots that have passed."""

    run: tuple[datetime, ...] = ()
    """They run, in this order."""
    until: datetime | None = None
    """The last of all these slots; None: none has passed."""
    skipped: Skipped = Skipped()


@dataclass(frozen=True)
class Misfire:
    """What a schedule says of slots that are late."""

    coalesce: Coalesce
    grace_seconds: int | None
    jitter_seconds: int = 0
    """The longest: a slot is late from then on."""


def passed(
    timetable: Timetable,
    after: datetime,
    now: datetime,
    misfire: Misfire,
    *,
    is_due: Callable[[datetime], bool],
    begun: Collection[datetime] = (),
) -> Passed:
    """What becomes of the slots after the last one that was dealt with; `is_due`: its jitter is
    over. Slots come in order: one that is not due yet keeps back those that follow.
    """
    until = _last_due(timetable, after, now, misfire, is_due)
    if until is None:
        return Passed()
    own = sorted(slot for slot in begun if after < slot <= until)
    if own and misfire.coalesce != "all":
        # The earliest stands for all that follow, the latest only for those before it.
        last = until if misfire.coalesce == "earliest" else own[-1]
        rest = timetable.count(after, last) - len(own)
        # What was too late by the first one's own time was so for certain when that was begun.
        late = _late(timetable, after, min(own[0], now), misfire, own)
        return Passed(tuple(own), last, Skipped(late=late, coalesced=max(0, rest - late)))
    on_time = _on_time(after, now, misfire)
    late_count = _late(timetable, after, now, misfire, own)
    chosen = _chosen(timetable, on_time, until, misfire)
    run = tuple(sorted({*own, *chosen}))
    rest = timetable.count(on_time, until) - sum(slot > on_time for slot in run)
    cause = "beyond_limit" if misfire.coalesce == "all" else "coalesced"
    return Passed(run, until, Skipped(late=late_count, **{cause: max(0, rest)}))


def _on_time(after: datetime, now: datetime, misfire: Misfire) -> datetime:
    """Slots up to here are too late."""
    if misfire.grace_seconds is None:
        return after
    grace = timedelta(seconds=misfire.grace_seconds + misfire.jitter_seconds)
    return max(after, now - grace - _TICK)


def _late(
    timetable: Timetable,
    after: datetime,
    now: datetime,
    misfire: Misfire,
    own: Collection[datetime],
) -> int:
    """How many are too late, but for those whose run is begun."""
    on_time = _on_time(after, now, misfire)
    count = timetable.count(after, on_time) if on_time > after else 0
    return max(0, count - sum(slot <= on_time for slot in own))


def _chosen(
    timetable: Timetable, on_time: datetime, until: datetime, misfire: Misfire
) -> list[datetime]:
    if misfire.coalesce != "earliest":
        count = CAUGHT_UP if misfire.coalesce == "all" else 1
        return timetable.newest(on_time, until, count) if until > on_time else []
    first = timetable.next_after(on_time)
    return [first] if first is not None and first <= until else []


def _last_due(
    timetable: Timetable,
    after: datetime,
    now: datetime,
    misfire: Misfire,
    is_due: Callable[[datetime], bool],
) -> datetime | None:
    """The last slot that is due; those before the longest jitter all are."""
    first = timetable.next_after(after)
    if first is None or first > now:
        return None
    sure = now - timedelta(seconds=misfire.jitter_seconds)
    last = next(iter(timetable.newest(after, sure, 1)), None) if sure > after else None
    for slot in timetable.after(last or after):
        if slot > now or not is_due(slot):
            break
        last = slot
    return last
