"""Has a run been active for too long? Its clock stands still while nothing of it could go on.

What counts, stage by stage; the first that applies:
1. A stage that has ended, or that waits for another one of its run, says nothing.
2. One that waits because the run is suspended, or for somebody's approval, does not count, nor one
   whose machine is away.
3. Everything else counts: what works, starts or is stuck, what backs off, what stands in a queue.

The clock runs while anything counts. Of time in which nobody looked it is not known whether
machines were away: so a clock that is found to stand still is never found to be over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.stage_status import StageStatus

_SAYS_NOTHING = frozenset({names.WAIT_DEPENDENCY, names.WAIT_SUSPENDED, names.WAIT_APPROVAL})


@dataclass(frozen=True)
class ActiveTime:
    """A clock that can stand still."""

    seconds: int = 0
    """What it had counted when it last stood still."""
    since: datetime | None = None
    """Since when it runs; None: it stands still."""


@dataclass(frozen=True)
class TimeLeft:
    """It may go on, as far as can be told, until this moment; None: the clock stands still."""

    until: datetime | None


@dataclass(frozen=True)
class TimeUp:
    """The run must be ended."""

    message: str


def counts(stages: Iterable[tuple[StageStatus, bool]]) -> bool:
    """Whether the clock runs; of each stage its status, and whether its machine is away."""
    return any(_counts(stage, is_away=is_away) for stage, is_away in stages)


def time_left(clock: ActiveTime, limit: int, now: datetime, *, runs: bool) -> TimeLeft | TimeUp:
    """Whether `limit` seconds are over; `runs`: whether anything counts now."""
    up = TimeUp(f"activeDeadlineSeconds ({limit} s) is over")
    if clock.since is None:
        return up if clock.seconds >= limit else TimeLeft(None)
    until = clock.since + timedelta(seconds=limit - clock.seconds)
    if not runs:
        return TimeLeft(None)
    return up if now >= until else TimeLeft(until)


def running(clock: ActiveTime, now: datetime) -> ActiveTime:
    """The clock, running from now on if it stood still."""
    return clock if clock.since is not None else ActiveTime(seconds=clock.seconds, since=now)


def standing(clock: ActiveTime, limit: int, now: datetime) -> ActiveTime:
    """The clock, standing still with something left."""
    return clock if clock.since is None else ActiveTime(seconds=min(_total(clock, now), limit - 1))


def over(clock: ActiveTime, limit: int, now: datetime) -> ActiveTime:
    """The clock of a run that was ended for it: it stays so until a person opens it again."""
    return clock if clock.since is None else ActiveTime(seconds=max(_total(clock, now), limit))


def _counts(stage: StageStatus, *, is_away: bool) -> bool:
    if stage.ended or is_away:
        return False
    return not (stage.waiting and stage.reason in _SAYS_NOTHING)


def _total(clock: ActiveTime, now: datetime) -> int:
    ran = (now - clock.since).total_seconds() if clock.since is not None else 0
    return clock.seconds + max(0, int(ran))
