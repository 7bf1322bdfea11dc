"""A row for each stage: what waits, works and has failed, how fast it goes, when it is done."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stagework.overview.queue.eta import Flow, QueueEta, queue_eta
from stagework.overview.queue.hours import Window
from stagework.overview.queue.order import stage_order
from stagework.overview.queue.past import Arrived, Done, Past
from stagework.overview.queue.places import Places
from stagework.overview.queue.work import PENDING, Work, WorkState


@dataclass(frozen=True, slots=True)
class StageNumbers:
    """One stage, over all runs."""

    stage: str
    machine: str
    """The class whose card has its queue."""
    pending: int
    processing: int
    failed: int
    done_1h: int
    created_1h: int
    done_today: int
    oldest_pending_age_sec: int | None
    """Since when the one that waits longest could have run; None where none waits."""
    deferred: int
    """What it needs is away; not counted as pending."""
    held: int
    """A person is in its way; not counted as pending."""
    stuck: int
    """Of those that are pending: their turn has come, and they cannot start."""
    eta: QueueEta


def stage_rows(
    rows: Sequence[Work], past: Past, places: Places, window: Window
) -> tuple[StageNumbers, ...]:
    """In the order of the static map, unknown ones last."""
    counts: defaultdict[str, Counter[WorkState]] = defaultdict(Counter)
    oldest: dict[str, datetime] = {}
    own: dict[str, tuple[str, ...]] = {}
    for work in rows:
        counts[work.stage][work.state] += 1
        own.setdefault(work.stage, work.classes)
        if work.state in PENDING:
            oldest[work.stage] = min(work.due_at, oldest.get(work.stage, work.due_at))
    others = [*(done.stage for done in past.done), *(came.stage for came in past.arrived)]
    return tuple(
        _row(
            stage,
            places.home(stage, own.get(stage, ())),
            counts[stage],
            _age(oldest.get(stage), window.now),
            flow_of(past.done_of(stage=stage), [past.arrived_in(stage)], window),
        )
        for stage in stage_order(rows, places, others)
    )


def _row(
    stage: str, machine: str, count: Counter[WorkState], age: int | None, flow: Flow
) -> StageNumbers:
    pending = sum(count[state] for state in PENDING)
    return StageNumbers(
        stage=stage,
        machine=machine,
        pending=pending,
        processing=count["processing"],
        failed=count["failed"],
        done_1h=flow.done_1h,
        created_1h=flow.inflow_1h,
        done_today=flow.done_today,
        oldest_pending_age_sec=age,
        deferred=count["deferred"],
        held=count["held"],
        stuck=count["stuck"],
        eta=queue_eta(pending, flow),
    )


def flow_of(done: Sequence[Done], arrived: Sequence[Arrived], window: Window) -> Flow:
    """What came and went of all these together."""
    begun = (window.now - window.hours[-1].begin).total_seconds()
    return Flow(
        done_1h=sum(one.last_hour for one in done),
        inflow_1h=sum(one.last_hour for one in arrived),
        done_today=sum(one.today for one in done),
        done=summed([one.by_hour for one in done], window),
        inflow=summed([one.by_hour for one in arrived], window),
        elapsed=min(1.0, begun / 3600),
    )


def summed(counts: Sequence[Sequence[int]], window: Window) -> tuple[int, ...]:
    """Hour by hour."""
    return tuple(sum(hours[place] for hours in counts) for place in range(len(window.hours)))


def _age(since: datetime | None, now: datetime) -> int | None:
    return max(0, int((now - since).total_seconds())) if since is not None else None
