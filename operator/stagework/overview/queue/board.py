"""The whole board as one document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from stagework.api.background_jobs import BackgroundJob
from stagework.api.estimates import EstimateError
from stagework.overview.queue.attention import AttentionRow, attention
from stagework.overview.queue.background import BackgroundRow, background_rows
from stagework.overview.queue.cards import Counted, MachineCard, cards
from stagework.overview.queue.eta import QueueEta
from stagework.overview.queue.headline import Headline, Scene, headline
from stagework.overview.queue.hours import Window, window
from stagework.overview.queue.machines import MachineState
from stagework.overview.queue.nights import Night, NightCount, nights
from stagework.overview.queue.past import Past, joined, past_of
from stagework.overview.queue.places import Places
from stagework.overview.queue.stage_rows import StageNumbers, stage_rows, summed
from stagework.overview.queue.work import Work


@dataclass(frozen=True, slots=True)
class HourNumbers:
    """What came and what was done in one hour."""

    hour: str
    """`HH:00` by the zone's clock."""
    begin: datetime
    inflow: int
    done: int


@dataclass(frozen=True, slots=True)
class MachineShare:
    """What one machine class has done of a pool's stage."""

    machine: str
    done_1h: int
    done_today: int


@dataclass(frozen=True, slots=True)
class PoolNumbers:
    """A stage whose work several classes share."""

    stage: str
    eta: QueueEta
    by_machine: tuple[MachineShare, ...]
    trend_24h: tuple[HourNumbers, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Over all stages."""

    pending: int
    processing: int
    failed: int
    deferred: int
    held: int
    stuck: int
    done_1h: int
    done_today: int


@dataclass(frozen=True, slots=True)
class Board:
    """All numbers of the queue, as of one moment."""

    generated_at: datetime
    zone: str
    headline: Headline
    totals: Totals
    machines: tuple[MachineCard, ...]
    attention: tuple[AttentionRow, ...]
    stages: tuple[StageNumbers, ...]
    pools: tuple[PoolNumbers, ...]
    trend_24h: tuple[HourNumbers, ...]
    """All stages together, the oldest hour first."""
    background_jobs: tuple[BackgroundRow, ...]
    nights: tuple[Night, ...] = ()
    """The last ones, the oldest first; empty where no history is asked."""
    past_estimates: tuple[EstimateError, ...] = ()
    """What was said of the ends of batches, against what was true; empty below 20 of them."""
    epoch: str = ""
    """Which process of the API service counts `seq`; empty where nobody does."""
    seq: int = 0
    """Grows with each picture of the queue that has something new."""
    shortened: bool = False
    """Texts lost their middles and lists their ends, so that the whole stays small."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a board is made from."""

    rows: Sequence[Work]
    """What waits, works, has failed and is done, of runs that are there."""
    places: Places
    zone: tzinfo
    zone_name: str
    machines: Mapping[str, MachineState] | None = None
    """None where the reader may not see nodes."""
    past: Past | None = None
    """What history tells, also of runs that are gone; None: only the rows tell it."""
    background: Sequence[BackgroundJob] = ()
    background_machines: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kind of background job to machine class."""
    nights: Sequence[NightCount] = ()
    """What ended in the nights that are over, the oldest first."""
    history_away_since: datetime | None = None
    forbidden: str = ""


def board(seen: Seen, now: datetime) -> Board:
    """The board as of now."""
    places, span = seen.places, window(now, seen.zone)
    live = past_of(seen.rows, places, span)
    past = joined(seen.past, live) if seen.past is not None else live
    stages = stage_rows(seen.rows, past, places, span)
    machines = cards(Counted(seen.rows, past, stages, places, seen.machines, span))
    return Board(
        generated_at=span.now,
        zone=seen.zone_name,
        headline=headline(_scene(seen, past, stages, machines, span)),
        totals=_totals(stages),
        machines=machines,
        attention=attention(seen.rows, span.now),
        stages=stages,
        pools=tuple(
            _pool(row, tuple(classes), past, span)
            for stage, classes in places.pools.items()
            for row in stages
            if row.stage == stage
        ),
        trend_24h=_trend(past, [row.stage for row in stages], span),
        background_jobs=background_rows(
            seen.background, places, seen.background_machines, span.now
        ),
        nights=nights(seen.nights),
        past_estimates=past.estimates,
    )


def _scene(
    seen: Seen,
    past: Past,
    stages: tuple[StageNumbers, ...],
    machines: tuple[MachineCard, ...],
    span: Window,
) -> Scene:
    states = seen.machines
    return Scene(
        rows=seen.rows,
        past=past,
        stages=stages,
        machines=machines,
        window=span,
        hour=span.now.astimezone(seen.zone).hour,
        has_nodes=None if states is None else any(state.nodes for state in states.values()),
        history_away_since=seen.history_away_since,
        forbidden=seen.forbidden,
    )


def _totals(stages: Sequence[StageNumbers]) -> Totals:
    return Totals(
        pending=sum(stage.pending for stage in stages),
        processing=sum(stage.processing for stage in stages),
        failed=sum(stage.failed for stage in stages),
        deferred=sum(stage.deferred for stage in stages),
        held=sum(stage.held for stage in stages),
        stuck=sum(stage.stuck for stage in stages),
        done_1h=sum(stage.done_1h for stage in stages),
        done_today=sum(stage.done_today for stage in stages),
    )


def _pool(row: StageNumbers, classes: tuple[str, ...], past: Past, span: Window) -> PoolNumbers:
    done = past.done_of(stage=row.stage)
    keys = tuple(dict.fromkeys((*classes, *(one.machine for one in done))))
    shares = tuple(
        MachineShare(
            key,
            sum(one.last_hour for one in done if one.machine == key),
            sum(one.today for one in done if one.machine == key),
        )
        for key in keys
    )
    return PoolNumbers(row.stage, row.eta, shares, _trend(past, [row.stage], span))


def _trend(past: Past, stages: Sequence[str], span: Window) -> tuple[HourNumbers, ...]:
    inflow = summed([past.arrived_in(stage).by_hour for stage in stages], span)
    done = summed([one.by_hour for one in past.done if one.stage in stages], span)
    return tuple(
        HourNumbers(hour.label, hour.begin, inflow[place], done[place])
        for place, hour in enumerate(span.hours)
    )
