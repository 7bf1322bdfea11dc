"""What has become of the runs that the status records; counted once, in the write that says so."""

from datetime import datetime

from stagework.api.kinds import PIPELINEJOB
from stagework.api.scheduledjob import (
    ActiveRun,
    EndedRun,
    ScheduledJobStatus,
    ScheduleStats,
)
from stagework.plans.plan import Delete, PlanBuilder
from stagework.plans.scheduledjob.snapshot import RunSeen, Snapshot
from stagework.policies.schedules.kept import surplus

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
            kept = {"name": run.name, "uid": run.uid, "slot": run.slot}
            ended.append(EndedRun.unchecked({**kept, "succeeded": seen.succeeded}))
    if stats is status.stats and len(ended) == len(status.endedRuns):
        return status
    return status.evolve(activeRuns=active, endedRuns=ended, stats=stats)


def unknown(status: ScheduledJobStatus, snapshot: Snapshot) -> bool:
    """Whether of a recorded run nothing is known: it went just now, and is asked about next."""
    known = snapshot.runs.keys() | snapshot.gone
    return any(run.uid not in known for run in (*status.activeRuns, *status.endedRuns))


def begun(status: ScheduledJobStatus, run: ActiveRun, now: datetime) -> ScheduledJobStatus:
    """That run was made."""
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
    """That very run goes, and its Jobs with it."""
    namespace = snapshot.schedule.metadata.namespace
    builder.actions.append(Delete(PIPELINEJOB.ref(namespace, run.name, run.uid)))


def _counted(stats: ScheduleStats, seen: RunSeen) -> ScheduleStats:
    if not seen.succeeded:
        return stats.evolve(failedExecutions=stats.failedExecutions + 1)
    count, total = stats.successfulExecutions + 1, stats.executionSeconds + seen.seconds
    return stats.evolve(
        successfulExecutions=count,
        executionSeconds=total,
        averageExecutionSeconds=round(total / count),
    )
