"""What to do about a ScheduledJob now.

1. What has become of its runs is counted.
2. A schedule that was made, changed or resumed counts from then on, and never for the past.
3. What people ask is judged by what is known so far.
4. Runs that stand and are not recorded are taken for its own, where they are.
5. Where it is suspended, slots that wait for room are let pass.
6. The slots that have come are dealt with, in the order of their times.
7. What waits for room is made where there is some.
8. Runs beyond the limits of the history go.
"""

import hashlib
from datetime import datetime

from stagework.api import names
from stagework.api.scheduledjob import ScheduledJobSpec, ScheduledJobStatus
from stagework.plans.interventions import Requests
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.scheduledjob import runs
from stagework.plans.scheduledjob.interventions import ScheduleVerbs
from stagework.plans.scheduledjob.maker import Maker
from stagework.plans.scheduledjob.queue import with_room, without_paused
from stagework.plans.scheduledjob.slots import Slots, adopted, cursor_of
from stagework.plans.scheduledjob.snapshot import SchedulePlan, Snapshot
from stagework.plans.scheduledjob.words import State, said, stated
from stagework.policies.schedules.timetable import Timetable


def plan(snapshot: Snapshot, now: datetime) -> SchedulePlan:
    """Deal with the slots that have come, and say how it stands."""
    builder = PlanBuilder()
    before = snapshot.schedule.status
    if snapshot.deleted is not None:
        return builder.plan(None)
    status = counting(runs.observed(before, snapshot), snapshot, now)
    if runs.unknown(status, snapshot):
        builder.wake(now)
    status = _asked(status, snapshot, builder, now)
    maker = Maker(snapshot, builder, now)
    timetable = snapshot.timetable
    is_closed = snapshot.schedule.spec.suspend or bool(snapshot.child.fault)
    is_open = not is_closed and isinstance(timetable, Timetable)
    status = adopted(status, maker, cursor_of(status) if is_open else now)
    status = without_paused(status, maker)
    if not runs.not_removed(status, snapshot):
        if is_open and isinstance(timetable, Timetable):
            slots = Slots(timetable, maker, status)
            status = slots.deal()
            _wake_for_next(slots, builder, now)
        status = with_room(status, maker)
    runs.clear(status, snapshot, builder, now)
    after = said(status, snapshot, now)
    if after == before:
        return builder.plan(None)
    _add_events(before, after, builder)
    return builder.plan(after, urgent=True)


def not_readable(snapshot: Snapshot, reason: str, text: str, now: datetime) -> SchedulePlan:
    """Say that its spec cannot be read; nothing is made, and what runs is counted later."""
    builder, before = PlanBuilder(), snapshot.schedule.status
    after = stated(before, snapshot, State(ready=False, reason=reason, message=text), now)
    if after == before:
        return builder.plan(None)
    _add_events(before, after, builder)
    return builder.plan(after, urgent=True)


def counting(status: ScheduledJobStatus, snapshot: Snapshot, now: datetime) -> ScheduledJobStatus:
    """From when on its slots count: its creation, its last change, or its last resumption."""
    spec, digest = snapshot.schedule.spec, digest_of(snapshot.schedule.spec)
    if not status.scheduleDigest:
        created = snapshot.schedule.metadata.creationTimestamp
        return status.evolve(scheduleDigest=digest, countsFrom=created)
    resumed = status.summary == names.SUSPENDED and not spec.suspend
    if digest == status.scheduleDigest and not resumed:
        return status
    moment = now.replace(microsecond=0)
    skips = status.skipSlots if resumed else []
    return status.evolve(scheduleDigest=digest, countsFrom=moment, skipSlots=skips)


def digest_of(spec: ScheduledJobSpec) -> str:
    """The same while its slots are the same."""
    parts = (spec.schedule.model_dump_json(), spec.timeZone, spec.startTime, spec.endTime)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _asked(
    status: ScheduledJobStatus, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> ScheduledJobStatus:
    schedule = snapshot.schedule
    verbs = ScheduleVerbs(schedule.metadata.name, schedule.spec, snapshot.timetable, now)
    requests = Requests(snapshot.interventions, schedule.metadata.uid, verbs, snapshot.refusals)
    status, notes = requests.apply(status, status.answered, builder, now)
    return status if notes is status.answered else status.evolve(answered=notes)


def _wake_for_next(slots: Slots, builder: PlanBuilder, now: datetime) -> None:
    """When the next slot's run begins; one that is being made brings itself round again."""
    for slot in slots.timetable.upcoming(cursor_of(slots.status), 2):
        moment = slots.maker.fires_at(slot)
        if moment > now:
            builder.wake(moment)
            return


def _add_events(
    before: ScheduledJobStatus, after: ScheduledJobStatus, builder: PlanBuilder
) -> None:
    known = {run.uid for run in before.activeRuns}
    for run in after.activeRuns:
        if run.uid not in known:
            builder.events.append(Event(names.EVENT_RUN_MADE, f"made {run.name}"))
    if after.summary != before.summary and after.summary == names.INVALID_SPEC:
        builder.events.append(Event(names.EVENT_INVALID, after.message, "Warning"))
