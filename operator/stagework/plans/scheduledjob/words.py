"""How the status of a ScheduledJob reads: its plain word, conditions, and what is to come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.conditions import conditions_of_use
from stagework.api.scheduledjob import SKIPS_MAX, ScheduledJobStatus
from stagework.children.slot_run import slot_of
from stagework.plans.plan import Refusal
from stagework.plans.scheduledjob import runs
from stagework.plans.scheduledjob.slots import cursor_of
from stagework.plans.scheduledjob.snapshot import Snapshot
from stagework.policies.schedules.moments import local_text
from stagework.policies.schedules.timetable import NoTimetable, Timetable

NEXT_TIMES: Final = 5
"""So many slots to come are listed."""


@dataclass(frozen=True)
class State:
    """What is said of it."""

    ready: bool
    reason: str
    message: str
    passing: bool = False
    """Where it is not ready: that ends by itself."""


def said(status: ScheduledJobStatus, snapshot: Snapshot, now: datetime) -> ScheduledJobStatus:
    """The status with all that people read."""
    timetable, spec = snapshot.timetable, snapshot.schedule.spec
    if isinstance(timetable, NoTimetable):
        words = status.evolve(next="", nextScheduleTime=None, nextRunTimes=[])
        return stated(words, snapshot, State(False, names.INVALID_SPEC, timetable.sentence), now)
    closed = spec.suspend or snapshot.child.fault
    slots = [] if closed else to_come(timetable, status, now)
    words = status.evolve(
        schedule=timetable.times.text,
        description=sentence(timetable.times.description),
        next=f"{slots[0].astimezone(timetable.zone):%Y-%m-%d %H:%M:%S}" if slots else "",
        nextScheduleTime=slots[0] if slots else None,
        nextRunTimes=[local_text(slot, timetable.zone) for slot in slots],
    )
    return stated(words, snapshot, _state(words, snapshot), now)


def to_come(timetable: Timetable, status: ScheduledJobStatus, now: datetime) -> list[datetime]:
    """The next slots that are to run."""
    slots = timetable.upcoming(max(cursor_of(status), now), NEXT_TIMES + SKIPS_MAX)
    return [slot for slot in slots if slot not in status.skipSlots][:NEXT_TIMES]


def stated(
    status: ScheduledJobStatus, snapshot: Snapshot, state: State, now: datetime
) -> ScheduledJobStatus:
    """The status that says this."""
    generation = snapshot.schedule.metadata.generation
    conditions = conditions_of_use(
        status.conditions,
        generation,
        ready=state.ready,
        reason=state.reason,
        message=state.message,
        now=now,
        passing=state.passing,
    )
    return status.evolve(
        observedGeneration=generation,
        conditions=conditions,
        summary=state.reason,
        message=sentence(state.message),
        active=len(status.activeRuns),
    )


def _state(status: ScheduledJobStatus, snapshot: Snapshot) -> State:
    refused, fault = _refused(status, snapshot), snapshot.child.fault
    if snapshot.schedule.spec.suspend:
        # By this word a later decision knows that it was suspended: also where a run was refused.
        why = fault or (refused.message if refused is not None else "")
        text = "no slot runs until spec.suspend is false again"
        text += f"; {why}" if why else ""
        return State(not why, names.SUSPENDED, text, passing=True)
    if fault:
        return State(False, names.INVALID_SPEC, fault)
    if refused is not None:
        return State(False, names.RUN_REFUSED, refused.message, passing=True)
    not_removed = runs.not_removed(status, snapshot)
    if not_removed:
        return State(False, names.RUNS_NOT_REMOVED, not_removed, passing=True)
    waiting = len(status.queuedRuns)
    if waiting:
        at_work = ", ".join(run.name for run in status.activeRuns[:3])
        return State(True, names.SCHEDULED, f"{waiting} waiting for room; at work: {at_work}")
    if status.nextScheduleTime is None:
        none = "" if status.lastScheduleTime else ": all of them had passed before it counted"
        return State(True, names.FINISHED, f"no slot is to come{none}")
    return State(True, names.SCHEDULED, "")


def _refused(status: ScheduledJobStatus, snapshot: Snapshot) -> Refusal | None:
    """What stands in the way of a run that is wanted."""
    schedule, cursor = snapshot.schedule.metadata.name, cursor_of(status)
    queued = {run.name for run in status.queuedRuns}
    for action, refusal in snapshot.refusals.items():
        if action.verb not in {"create", "dry run"} or not isinstance(action.about, tuple):
            continue
        if refusal.race or (action.verb == "dry run" and refusal.cause == "OverQuota"):
            continue  # over by now, or what is replaced gives back what is missing
        if action.about.attempt != snapshot.schedule.metadata.generation:
            continue  # of the schedule as it was written before
        slot = slot_of(schedule, action.about.name)
        if action.about.name in queued or (slot is not None and slot > cursor):
            return refusal
    return None
