"""What came and went: counts by stage and machine, as a store or the live runs tell them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from stagework.api.estimates import EstimateError
from stagework.overview.queue.hours import BUCKETS, Window
from stagework.overview.queue.places import Places
from stagework.overview.queue.work import Work

NO_HOURS = (0,) * BUCKETS
"""Nothing in any hour."""
DURATIONS_KEPT = 50
"""So many of the last durations say what is usual."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one machine class has done of one stage."""

    stage: str
    machine: str
    last_hour: int = 0
    today: int = 0
    by_hour: tuple[int, ...] = NO_HOURS
    last_at: datetime | None = None
    durations: tuple[float, ...] = ()
    """Seconds that the last ones took, the oldest first."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came into the queue of one stage."""

    stage: str
    last_hour: int = 0
    by_hour: tuple[int, ...] = NO_HOURS


@dataclass(frozen=True, slots=True)
class Past:
    """All of it, as of one moment."""

    done: tuple[Done, ...] = ()
    arrived: tuple[Arrived, ...] = ()
    estimates: tuple[EstimateError, ...] = ()
    """What was said of the ends of batches, against what was true."""

    def done_of(self, *, stage: str = "", machine: str = "") -> tuple[Done, ...]:
        """Those of a stage, of a machine, or of both."""
        return tuple(
            done
            for done in self.done
            if stage in ("", done.stage) and machine in ("", done.machine)
        )

    def arrived_in(self, stage: str) -> Arrived:
        """What came into that stage's queue."""
        return next((a for a in self.arrived if a.stage == stage), Arrived(stage))


@dataclass
class _Count:
    last_hour: int = 0
    today: int = 0
    by_hour: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    ends: list[tuple[datetime, float]] = field(default_factory=list[tuple[datetime, float]])

    def add(self, moment: datetime, window: Window) -> None:
        self.last_hour += window.recent(moment)
        self.today += window.today(moment)
        hour = window.bucket(moment)
        if hour is not None:
            self.by_hour[hour] += 1


def past_of(rows: Iterable[Work], places: Places, window: Window) -> Past:
    """As far as the runs that are still there tell it."""
    done: dict[tuple[str, str], _Count] = {}
    arrived: dict[str, _Count] = {}
    workers: dict[tuple[str, str, tuple[str, ...]], str] = {}
    for work in rows:
        came = arrived.setdefault(work.stage, _Count())
        if work.state != "held":  # a person holds it: it is in no queue yet
            came.add(work.created_at, window)
        if work.state == "done" and work.ended_at is not None:
            key = (work.stage, work.machine, work.classes)
            if key not in workers:
                workers[key] = places.worker(*key)
            machine = workers[key]
            count = done.setdefault((work.stage, machine), _Count())
            count.add(work.ended_at, window)
            count.ends.append((work.ended_at, work.seconds or 0.0))
    return Past(
        done=tuple(_done(stage, machine, count) for (stage, machine), count in done.items()),
        arrived=tuple(
            Arrived(stage, count.last_hour, tuple(count.by_hour))
            for stage, count in arrived.items()
        ),
    )


def joined(remembered: Past, live: Past) -> Past:
    """What history tells, with what it has not heard yet; nothing counts twice.

    Of each number the higher one: history lacks what has happened just now, live runs lack what was
    deleted, and a run is deleted once history has it. What came is counted by other moments there
    (when a stage came up, not when it could have), so that of a stage is taken from history alone.
    """
    done = {(one.stage, one.machine): one for one in live.done}
    for one in remembered.done:
        key = (one.stage, one.machine)
        done[key] = _higher(one, done[key]) if key in done else one
    arrived = {one.stage: one for one in (*live.arrived, *remembered.arrived)}
    return Past(tuple(done.values()), tuple(arrived.values()), remembered.estimates)


def _higher(remembered: Done, live: Done) -> Done:
    return Done(
        remembered.stage,
        remembered.machine,
        max(remembered.last_hour, live.last_hour),
        max(remembered.today, live.today),
        tuple(map(max, remembered.by_hour, live.by_hour)),
        max((at for at in (remembered.last_at, live.last_at) if at is not None), default=None),
        remembered.durations or live.durations,
    )


def _done(stage: str, machine: str, count: _Count) -> Done:
    ends = sorted(count.ends)
    return Done(
        stage,
        machine,
        count.last_hour,
        count.today,
        tuple(count.by_hour),
        ends[-1][0] if ends else None,
        tuple(seconds for _, seconds in ends[-DURATIONS_KEPT:]),
    )
