"""What has become of the runs that the status records; counted once, in the write that says so."""

from datetime import datetime

from stagework.api.kinds import PIPELINEJOB
from stagework.api.resources import ObjectRef
from stagework.api.scheduledjob import (
    ActiveRun,
    EndedRun,
    ScheduledJobStatus,
    ScheduleStats,
)
from stagework.children.slot_child import resource_of
from stagework.plans.made import Child
from stagework.plans.plan import Delete, PlanBuilder
from stagework.plans.scheduledjob.snapshot import RunSeen, Snapshot
from stagework.policies.schedules.kept import surplus

GONE = RunSeen(ended=True)
"""One that was deleted before its end: it did not succeed."""


def observed(status: ScheduledJobStatus, snapshot: Snapshot) -> ScheduledJobStatus:
    """Runs that have ended are counted and kept; those that are gone are not listed any more."""
    active: list[ActiveRun] = []
    ended = [run for run in status.endedRuns if run.uid in snapshot.runs]
    stats = status.stats
    for run in status.activeRuns:
        seen = snapshot.runs.get(run.uid, GONE)
        if not seen.ended:
            active.append(run)
            continue
        stats = _counted(stats, seen)
        if run.uid in snapshot.runs:
            kept = {"name": run.name, "uid": run.uid, "slot": run.slot, "kind": run.kind}
            ended.append(EndedRun.unchecked({**kept, "succeeded": seen.succeeded}))
    if stats is status.stats and len(ended) == len(status.endedRuns):
        return status
    return status.evolve(activeRuns=active, endedRuns=ended, stats=stats)


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

    None goes before its end is on record, or it would be counted as lost after a crash.
    """
    spec, stored = snapshot.schedule.spec, snapshot.schedule.status.endedRuns
    going = surplus(
        status.endedRuns,
        successful=spec.successfulJobsHistoryLimit,
        failed=spec.failedJobsHistoryLimit,
    )
    for run in going:
        if run not in stored:
            builder.wake(now)
        elif snapshot.runs.get(run.uid, GONE).ended:
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
