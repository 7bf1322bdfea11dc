"""What has become of the runs that the status records; counted once, in the write that says so."""

from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.resources import ObjectRef
from stagework.api.scheduledjob import (
    HISTORY_MAX,
    ActiveRun,
    EndedRun,
    ScheduledJobStatus,
    ScheduleStats,
)
from stagework.children.slot_child import resource_of
from stagework.plans.made import Child
from stagework.plans.plan import ActionKey, Delete, Event, PlanBuilder
from stagework.plans.scheduledjob.snapshot import RunSeen, Snapshot
from stagework.policies.history_wait import (
    HISTORY_WAIT,
    AskAgain,
    Missed,
    Remembered,
    history_wait,
)
from stagework.policies.schedules.kept import surplus

WAITING_MAX: Final = 10
"""So many runs beyond the limits wait for history: the oldest of more go without."""
ENDED_MAX: Final = 2 * HISTORY_MAX + WAITING_MAX + 3
"""With more runs that have ended and do not go none is made any more: they cannot be deleted."""
GONE = RunSeen(ended=True)
"""One that was deleted before its end: it did not succeed."""


def observed(status: ScheduledJobStatus, snapshot: Snapshot) -> ScheduledJobStatus:
    """Runs that have ended are counted and kept; those that are gone are not listed any more.

    One of which nothing is known yet stays as it was: a cache that is behind says nothing.
    """
    active: list[ActiveRun] = []
    ended = [run for run in status.endedRuns if run.uid not in snapshot.gone]
    stats = status.stats
    for run in status.activeRuns:
        seen = GONE if run.uid in snapshot.gone else snapshot.runs.get(run.uid)
        if seen is None or not seen.ended:
            active.append(run)
            continue
        stats = _counted(stats, seen)
        if run.uid not in snapshot.gone:
            kept = {"name": run.name, "uid": run.uid, "slot": run.slot, "kind": run.kind}
            ended.append(EndedRun.unchecked({**kept, "succeeded": seen.succeeded}))
    if stats is status.stats and len(ended) == len(status.endedRuns):
        return status
    return status.evolve(activeRuns=active, endedRuns=ended, stats=stats)


def unknown(status: ScheduledJobStatus, snapshot: Snapshot) -> bool:
    """Whether of a recorded run nothing is known: it went just now, and is asked about next."""
    known = snapshot.runs.keys() | snapshot.gone
    return any(run.uid not in known for run in (*status.activeRuns, *status.endedRuns))


def begun(
    status: ScheduledJobStatus, made: Child, name: str, slot: datetime, now: datetime
) -> ScheduledJobStatus:
    """That run was made."""
    kind = "" if made.kind == PIPELINEJOB.kind else made.kind
    run = ActiveRun.unchecked({"name": name, "uid": made.uid, "slot": slot, "kind": kind})
    stats = status.stats.evolve(
        totalExecutions=status.stats.totalExecutions + 1,
        lastExecution=now.replace(microsecond=0),
    )
    return status.evolve(activeRuns=[*status.activeRuns, run], stats=stats)


def skipped(status: ScheduledJobStatus, count: int) -> ScheduledJobStatus:
    """So many slots got no run."""
    if not count:
        return status
    return status.evolve(stats=status.stats.evolve(skipped=status.stats.skipped + count))


def clear(
    status: ScheduledJobStatus, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> None:
    """Delete what is beyond the limits; one that somebody has retried is at work again.

    None goes before its end is on record, or it would be counted as lost after a crash; nor before
    history has acknowledged all of it, for which only so many wait, and an hour at most.
    """
    spec, stored = snapshot.schedule.spec, snapshot.schedule.status.endedRuns
    going = surplus(
        status.endedRuns,
        successful=spec.successfulJobsHistoryLimit,
        failed=spec.failedJobsHistoryLimit,
    )
    for place, run in enumerate(going, start=1):
        seen = snapshot.runs.get(run.uid)
        if run not in stored:
            builder.wake(now)
        elif seen is not None and seen.ended and not seen.leaving:
            remembered = run.uid in snapshot.remembered
            if place <= len(going) - WAITING_MAX and not remembered:
                _delete_missed(run, f"{WAITING_MAX} others wait for that", snapshot, builder)
                continue
            match history_wait(remembered=remembered, since=seen.ended_at, now=now):
                case AskAgain(at):
                    builder.wake(at)
                case Missed():
                    minutes = HISTORY_WAIT.seconds // 60
                    _delete_missed(run, f"it has had {minutes} min", snapshot, builder)
                case Remembered():
                    delete(run, snapshot, builder)


def not_removed(status: ScheduledJobStatus, snapshot: Snapshot) -> str:
    """Why no run is made while so many are there that have ended; empty: there is room."""
    count = len(status.endedRuns)
    if count <= ENDED_MAX:
        return ""
    ways = (snapshot.refusals.get(ActionKey("delete", run.uid)) for run in status.endedRuns)
    refusal = next((way for way in ways if way is not None and not way.race), None)
    why = f": {refusal.message}" if refusal is not None else ", though they were deleted"
    return f"{count} runs that have ended are still there{why}; no slot runs before some have gone"


def _delete_missed(run: EndedRun, why: str, snapshot: Snapshot, builder: PlanBuilder) -> None:
    text = f"{run.name} goes though history has not acknowledged all of it: {why}"
    if ActionKey("delete", run.uid) not in snapshot.refusals:
        builder.events.append(Event(names.EVENT_HISTORY_MISSED, text, "Warning"))
    delete(run, snapshot, builder)


def delete(run: ActiveRun | EndedRun, snapshot: Snapshot, builder: PlanBuilder) -> None:
    """That very run goes, and what it has made with it."""
    namespace = snapshot.schedule.metadata.namespace
    target = ObjectRef(resource_of(run.kind), namespace, run.name, run.uid)
    builder.actions.append(Delete(target))


def _counted(stats: ScheduleStats, seen: RunSeen) -> ScheduleStats:
    if not seen.succeeded:
        return stats.evolve(failedExecutions=stats.failedExecutions + 1)
    count, total = stats.successfulExecutions + 1, stats.executionSeconds + seen.seconds
    return stats.evolve(
        successfulExecutions=count,
        executionSeconds=total,
        averageExecutionSeconds=round(total / count),
    )
