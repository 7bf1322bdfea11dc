"""A card for each machine class: what waits for it, what it does, when it will be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Final, Literal

from stagework.overview.queue.eta import QueueEta, queue_eta
from stagework.overview.queue.hours import LATELY, Window
from stagework.overview.queue.machines import MachineState
from stagework.overview.queue.past import Done, Past
from stagework.overview.queue.places import Places
from stagework.overview.queue.stage_rows import StageNumbers, flow_of
from stagework.overview.queue.work import Work

MOST_CURRENT: Final = 2
MOST_HOLDERS: Final = 10
FEWEST_DURATIONS: Final = 3
"""Of fewer nobody can say what is usual."""
CardState = Literal["active", "deferred", "idle"]
CardWord = CardState | Literal["away"]


@dataclass(frozen=True, slots=True)
class Current:
    """A piece of work that is being done."""

    document_id: str
    title: str
    stage: str
    namespace: str
    run: str
    started_at: datetime | None
    """When its turn came, or its container started."""
    usual_seconds: float | None
    """Median of what the stage's last ones took; None where too few have ended."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A piece of work that has a slot of the class."""

    title: str
    stage: str
    since: datetime | None
    usual_seconds: float | None
    namespace: str
    run: str


@dataclass(frozen=True, slots=True)
class MachineCard:
    """One machine class."""

    key: str
    label: str
    state: CardState
    """`active`: works, or has done something in the last 15 min; then `deferred`, then `idle`."""
    stages: tuple[str, ...]
    pending: int
    processing: int
    failed: int
    done_1h: int
    done_today: int
    deferred_pending: int
    current: tuple[Current, ...]
    """Of what is counted as processing here, the longest first; 2 at most."""
    slots_used: int
    slots_total: int | None
    """None where the reader may not see nodes."""
    nodes_ready: int | None
    nodes_total: int | None
    holders: tuple[Holder, ...]
    """Who works on its machines, the longest first; 10 at most."""
    away_since: datetime | None
    fallback_at: datetime | None
    """When the next class takes the first of what is deferred."""
    eta: QueueEta

    @property
    def word(self) -> CardWord:
        """As people read it: `state` says what was done lately, and so `active` of one that has
        just left.
        """
        return "away" if self.away_since is not None else self.state


@dataclass(frozen=True, slots=True)
class Counted:
    """What all cards are made from."""

    rows: Sequence[Work]
    past: Past
    stages: Sequence[StageNumbers]
    places: Places
    machines: Mapping[str, MachineState] | None
    """None where the reader may not see nodes."""
    window: Window


def cards(seen: Counted) -> tuple[MachineCard, ...]:
    """In the fleet's order."""
    rows = _by_card(seen.rows, seen.places)
    return tuple(_card(key, rows[key], seen) for key in seen.places.keys)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that stand on one card."""

    pending: list[Work] = field(default_factory=list[Work])
    failed: list[Work] = field(default_factory=list[Work])
    processing: list[Work] = field(default_factory=list[Work])
    deferred: list[Work] = field(default_factory=list[Work])
    at_work: list[Work] = field(default_factory=list[Work])
    """What works on its machines, wherever it is counted."""


def _by_card(rows: Sequence[Work], places: Places) -> dict[str, _Rows]:
    found = {key: _Rows() for key in places.keys}
    for work in rows:
        match work.state:
            case "pending" | "stuck":
                found[places.home(work.stage, work.classes)].pending.append(work)
            case "failed":
                found[places.home(work.stage, work.classes)].failed.append(work)
            case "deferred":
                found[places.away(work.stage, work.classes)].deferred.append(work)
            case "processing":
                found[places.home(work.stage, work.classes)].processing.append(work)
                if work.machine in found:
                    found[work.machine].at_work.append(work)
            case _:
                pass
    return found


def _card(key: str, rows: _Rows, seen: Counted) -> MachineCard:
    places, past, deferred = seen.places, seen.past, rows.deferred
    stages = [stage for stage in seen.stages if stage.machine == key]
    processing, at_work = _longest_first(rows.processing), rows.at_work
    done = past.done_of(machine=key)
    machine = seen.machines.get(key) if seen.machines is not None else None
    pending = len(rows.pending)
    arrived = [past.arrived_in(stage.stage) for stage in stages]
    return MachineCard(
        key=key,
        label=places.label(key),
        state=_state(bool(processing or at_work), done, len(deferred), seen.window),
        stages=tuple(stage.stage for stage in stages),
        pending=pending,
        processing=len(processing),
        failed=len(rows.failed),
        done_1h=sum(one.last_hour for one in done),
        done_today=sum(one.today for one in done),
        deferred_pending=len(deferred),
        current=tuple(_current(work, past) for work in processing[:MOST_CURRENT]),
        slots_used=len(at_work),
        slots_total=machine.slots if machine is not None else None,
        nodes_ready=machine.ready if machine is not None else None,
        nodes_total=machine.nodes if machine is not None else None,
        holders=tuple(_holder(work, past) for work in _longest_first(at_work)[:MOST_HOLDERS]),
        away_since=machine.away_since if machine is not None else None,
        fallback_at=min((w.fallback_at for w in deferred if w.fallback_at), default=None),
        eta=queue_eta(pending, flow_of(done, arrived, seen.window)),
    )


def _state(works: bool, done: Sequence[Done], deferred: int, window: Window) -> CardState:
    lately = window.now - LATELY
    if works or any(one.last_at is not None and one.last_at >= lately for one in done):
        return "active"
    return "deferred" if deferred else "idle"


def usual_seconds(past: Past, stage: str, machine: str = "") -> float | None:
    """Median of what the last ones of a stage took on that machine; else on any."""
    for done in (past.done_of(stage=stage, machine=machine), past.done_of(stage=stage)):
        durations = [seconds for one in done for seconds in one.durations]
        if len(durations) >= FEWEST_DURATIONS:
            return median(durations)
    return None


def _current(work: Work, past: Past) -> Current:
    return Current(
        document_id=work.document_id,
        title=work.title,
        stage=work.stage,
        namespace=work.namespace,
        run=work.run,
        started_at=_begin(work),
        usual_seconds=usual_seconds(past, work.stage, work.machine),
    )


def _holder(work: Work, past: Past) -> Holder:
    return Holder(
        title=work.title,
        stage=work.stage,
        since=work.turn_at or work.started_at,
        usual_seconds=usual_seconds(past, work.stage, work.machine),
        namespace=work.namespace,
        run=work.run,
    )


def _begin(work: Work) -> datetime | None:
    return work.started_at or work.turn_at


def _longest_first(rows: list[Work]) -> list[Work]:
    return sorted(rows, key=lambda work: (_begin(work) or work.due_at, work.key))
