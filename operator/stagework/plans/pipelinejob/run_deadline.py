"""End a run whose `activeDeadlineSeconds` are over: what works is stopped, what waits is not run.

That stays so until a person retries anything of it: then all that was ended for it goes on, by a
new clock.
"""

from collections.abc import Mapping
from datetime import datetime

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.away import is_held_up
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.plan import PlanBuilder
from stagework.policies import active_time as policy
from stagework.policies.active_time import ActiveTime
from stagework.policies.time_of_day import by_now


def clock_of(snapshot: Snapshot, states: States, now: datetime) -> ActiveTime | None:
    """The run's clock as it was stored, or a new one where `states` show that it was opened again.

    `states`: its stages after what people have asked for. None: the run has no deadline.
    """
    status, limit = snapshot.run.status, snapshot.run.spec.activeDeadlineSeconds
    if limit is None:
        return None
    stored = {stage.name: stage for stage in status.stages}
    reopened = any(
        stored[name].ended and not stage.ended for name, stage in states.items() if name in stored
    )
    if reopened:
        return ActiveTime()
    counted = min(status.activeSeconds or 0, limit)  # by hand it may be any number
    return ActiveTime(counted, by_now(status.activeSince, now))


def is_over(
    snapshot: Snapshot, resolved: Resolved, clock: ActiveTime | None, states: States, now: datetime
) -> policy.TimeUp | None:
    """That the run must be ended, if so."""
    limit = snapshot.run.spec.activeDeadlineSeconds
    if clock is None or limit is None:
        return None
    runs = _runs(snapshot, resolved, states)
    left = policy.time_left(clock, limit, now, runs=runs)
    return left if isinstance(left, policy.TimeUp) else None


def ended_with_run(resolved: Resolved, states: States, up: policy.TimeUp) -> dict[str, StageStatus]:
    """The stages of a run that must be ended: all but those that clean up after it."""
    return {
        name: status
        if name in resolved.runs_if
        else edits.ended_with_its_run(status, names.DEADLINE_EXCEEDED, up.message)
        for name, status in states.items()
    }


def clock_after(
    snapshot: Snapshot,
    resolved: Resolved,
    clock: ActiveTime | None,
    states: Mapping[str, StageStatus],
    *,
    is_up: bool,
    builder: PlanBuilder,
    now: datetime,
) -> ActiveTime | None:
    """The clock as the plan leaves it, and the wake that it needs."""
    limit = snapshot.run.spec.activeDeadlineSeconds
    if clock is None or limit is None:
        return None
    if is_up:
        return policy.over(clock, limit, now)
    if not _runs(snapshot, resolved, states):
        return policy.standing(clock, limit, now)
    runs_on = policy.running(clock, now)
    left = policy.time_left(runs_on, limit, now, runs=True)
    if isinstance(left, policy.TimeLeft) and left.until is not None:
        builder.wake(left.until)
    else:
        builder.wake(now)
    return runs_on


def _runs(snapshot: Snapshot, resolved: Resolved, states: States) -> bool:
    classes = {stage.name: tuple(stage.runsOn) for stage in resolved.stages}
    return policy.counts(
        (status, is_held_up(snapshot, status, classes.get(name, ())))
        for name, status in states.items()
    )
