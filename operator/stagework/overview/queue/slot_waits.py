"""What a run waits for in the queues of its machines: who is before it, and when its turn comes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from stagework.api.estimates import Draws, Eta
from stagework.api.pipelinejob import PipelineJob
from stagework.overview.queue.run_numbers import StageWait, stage_waits
from stagework.overview.queue.work import Work
from stagework.overview.standing import QueuePlace

MOST_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class AtWork:
    """Who has a slot of the machine."""

    title: str
    stage: str
    namespace: str
    run: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SlotWait(QueuePlace):
    """A stage that waits for a slot; its position is from 1."""

    at_work: tuple[AtWork, ...]
    """Those of them that the reader may see, the longest first; 4 at most."""
    starts_p50: datetime | None
    """When its turn comes, as likely before as after; null where nobody can say."""
    starts_p90: datetime | None
    """By when it comes nine times of ten."""
    why_none: str
    """NoHistoryYet, Overtaken or MachineAway; empty where it can be said."""


def slot_waits(
    run: PipelineJob, rows: Sequence[Work], now: datetime, draws: Draws
) -> tuple[SlotWait, ...]:
    """Of each stage that waits for a slot and knows its place; `rows`: what the reader may see.

    `draws`: see `expected_start`.
    """
    waits = stage_waits(run, rows, now=now, draws=draws)
    return tuple(_slot_wait(wait, rows, now) for wait in waits)


def at_places(waits: Iterable[SlotWait], places: Iterable[QueuePlace]) -> tuple[SlotWait, ...]:
    """What was said a moment ago, at the places of now; of stages that wait still."""
    now = {place.stage: place for place in places}
    return tuple(replace(wait, **asdict(now[wait.stage])) for wait in waits if wait.stage in now)


def _slot_wait(wait: StageWait, rows: Sequence[Work], now: datetime) -> SlotWait:
    place, start = wait.place, wait.start
    known = isinstance(start, Eta)
    return SlotWait(
        **asdict(place),
        at_work=_at_work(place.machine, rows),
        starts_p50=now + timedelta(seconds=start.p50_seconds) if known else None,
        starts_p90=now + timedelta(seconds=start.p90_seconds) if known else None,
        why_none="" if known else start.reason,
    )


def _at_work(machine: str, rows: Sequence[Work]) -> tuple[AtWork, ...]:
    own = [work for work in rows if work.machine == machine and work.state == "processing"]
    own.sort(key=lambda work: (work.turn_at or work.started_at or work.due_at, work.key))
    return tuple(
        AtWork(work.title, work.stage, work.namespace, work.run, work.turn_at or work.started_at)
        for work in own[:MOST_SHOWN]
    )
