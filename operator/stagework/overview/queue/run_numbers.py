"""The numbers of one run: when it will be done, and when its waiting stages will start."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.estimates import Draws, Eta
from stagework.api.pipelinejob import PipelineJob
from stagework.overview.queue.expected_start import QueueAhead, expected_start
from stagework.overview.queue.hours import RECENT
from stagework.overview.queue.past import DURATIONS_KEPT
from stagework.overview.queue.run_eta import RUNS_KEPT, Durations, NoEta, RunSoFar, run_eta
from stagework.overview.queue.work import Work
from stagework.overview.standing import QueuePlace, queue_places


@dataclass(frozen=True, slots=True)
class StageWait:
    """A stage that waits for a slot, with its numbers."""

    place: QueuePlace
    start: Eta | NoEta
    """Seconds until its turn."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """A stage that is put off until a known moment: by its back-off, or by its own word."""

    stage: str
    reason: str
    seconds: float
    """Until then; it starts at once where a slot is free then."""


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """What can be said of a run that goes on."""

    done_in: Eta | NoEta
    """Seconds that it still works; waiting for machines is not in it."""
    waits: tuple[StageWait, ...]
    put_off: tuple[PutOff, ...] = ()


def run_numbers(
    run: PipelineJob,
    above: Mapping[str, Sequence[str]],
    others: Sequence[PipelineJob],
    rows: Sequence[Work],
    *,
    now: datetime,
    draws: Draws,
) -> RunNumbers:
    """Of one run, by all that its reader may list; `rows`: of these, `above`: what waits for what.

    `draws`: see `expected_start`.
    """
    return RunNumbers(
        run_eta(_past_runs(others, run), _so_far(run, above, now)),
        stage_waits(run, rows, now=now, draws=draws),
        tuple(_put_off(run, now)),
    )


def stage_waits(
    run: PipelineJob, rows: Sequence[Work], *, now: datetime, draws: Draws
) -> tuple[StageWait, ...]:
    """Of each of its stages that waits for a slot and has been told its place."""
    return tuple(
        StageWait(place, expected_start(_ahead(place, rows, now), draws))
        for place in queue_places(run.status.stages)
    )


def _put_off(run: PipelineJob, now: datetime) -> Iterator[PutOff]:
    """Of a run that is suspended nothing starts, whatever its clocks say."""
    for stage in run.status.stages:
        until = stage.notBeforeTime
        if stage.put_off and until is not None and not run.spec.suspend:
            yield PutOff(stage.name, stage.reason, max(0.0, (until - now).total_seconds()))


def _past_runs(runs: Iterable[PipelineJob], like: PipelineJob) -> list[Durations]:
    """What the stages of runs of the same pipeline took that ended well, the oldest first."""
    ref = like.spec.pipelineRef
    ended = [
        run
        for run in runs
        if ref is not None
        and run.spec.pipelineRef == ref
        and run.metadata.namespace == like.metadata.namespace
        and run.status.completionTime is not None
        and run.status.summary == names.COMPLETED
    ]
    ended.sort(key=lambda run: run.status.completionTime or run.metadata.creationTimestamp)
    return [_durations(run) for run in ended[-RUNS_KEPT:]]


def _durations(run: PipelineJob) -> Durations:
    return {
        stage.name: (stage.completionTime - stage.startTime).total_seconds()
        for stage in run.status.stages
        if stage.startTime is not None and stage.completionTime is not None
    }


def _so_far(run: PipelineJob, above: Mapping[str, Sequence[str]], now: datetime) -> RunSoFar:
    stages = run.status.stages
    left = {stage.name for stage in stages if not stage.ended}
    return RunSoFar(
        done=_durations(run),
        running={
            stage.name: (now - stage.startTime).total_seconds()
            for stage in stages
            if stage.active and stage.startTime is not None
        },
        above={
            stage.name: tuple(name for name in above.get(stage.name, ()) if name in left)
            for stage in stages
            if stage.name in left
        },
    )


def _ahead(place: QueuePlace, rows: Sequence[Work], now: datetime) -> QueueAhead:
    own = [work for work in rows if work.machine == place.machine]
    held = [
        max(1.0, (now - (work.started_at or work.turn_at or now)).total_seconds())
        for work in own
        if work.state == "processing"
    ]
    # Slots of others, whom the reader may not see, are as long held as nobody knows: as free ones.
    slots = [*held, *(0.0 for _ in range(place.slots - len(held)))][: max(place.slots, 0)]
    ended = sorted((w for w in own if w.state == "done" and w.ended_at), key=_end)
    durations = [work.seconds for work in ended[-DURATIONS_KEPT:]]
    return QueueAhead(
        ahead=place.position - 1,
        held_seconds=tuple(slots),
        durations=tuple(seconds for seconds in durations if seconds is not None),
        overtakers_1h=overtakers(own, now),
    )


def overtakers(rows: Iterable[Work], now: datetime) -> int:
    """How many started within the last hour before one that had come earlier."""
    started = sorted(
        ((work.created_at, begin) for work in rows if (begin := work.started_at or work.turn_at)),
    )
    count, latest = 0, None
    for _, begin in started:
        if latest is not None and begin < latest:
            count += now - begin < RECENT
        latest = begin if latest is None else max(begin, latest)
    return count


def _end(work: Work) -> datetime:
    return work.ended_at or work.created_at
