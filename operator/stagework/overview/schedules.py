"""Schedules as people see them: a row for each, its next slots, and how it stands with all of them.

The same for the command line, the client and the API service.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from stagework.api.schedule_answers import (
    NextRun,
    ScheduleDetail,
    ScheduleRow,
    SchedulerStanding,
)
from stagework.api.scheduledjob import ScheduledJob
from stagework.plans.scheduledjob.interventions import ScheduleVerbs
from stagework.plans.scheduledjob.plan import counting
from stagework.plans.scheduledjob.snapshot import Snapshot
from stagework.plans.scheduledjob.words import to_come
from stagework.policies.schedules.moments import local_text
from stagework.policies.schedules.timetable import NoTimetable

OVERDUE: Final = timedelta(seconds=60)
"""Nobody makes the runs of a schedule that has waited for so long."""


def row_of(schedule: ScheduledJob) -> ScheduleRow:
    """The row of a schedule: the columns of `kubectl get schj`, and its statistics."""
    meta, spec, status = schedule.metadata, schedule.spec, schedule.status
    return ScheduleRow(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        status=status.summary or "Unseen",
        message=status.message,
        schedule=status.schedule,
        description=status.description,
        timeZone=spec.timeZone,
        suspend=spec.suspend,
        active=status.active,
        lastScheduleTime=status.lastScheduleTime,
        nextScheduleTime=status.nextScheduleTime,
        next=status.next,
        stats=status.stats,
        created=meta.creationTimestamp,
    )


def detail_of(schedule: ScheduledJob) -> ScheduleDetail:
    """One schedule whole."""
    return ScheduleDetail(schedule=row_of(schedule), spec=schedule.spec, status=schedule.status)


def next_slots(schedule: ScheduledJob, now: datetime) -> list[str] | NoTimetable:
    """The next slots in its time zone, by the operator's own code."""
    snapshot = Snapshot(schedule)
    if isinstance(snapshot.timetable, NoTimetable) or schedule.spec.suspend:
        return snapshot.timetable if isinstance(snapshot.timetable, NoTimetable) else []
    slots = to_come(snapshot.timetable, counting(schedule.status, snapshot, now), now)
    return [local_text(slot, snapshot.timetable.zone) for slot in slots]


def verbs_of(schedule: ScheduledJob, now: datetime) -> ScheduleVerbs:
    """What may be asked of it, as the operator judges."""
    timetable = Snapshot(schedule).timetable
    return ScheduleVerbs(schedule.metadata.name, schedule.spec, timetable, now)


def scheduler_status(schedules: Iterable[ScheduledJob], now: datetime) -> SchedulerStanding:
    """Whether somebody makes their runs, how many there are, and what is next."""
    known = list(schedules)
    coming = [
        NextRun(
            namespace=schedule.metadata.namespace,
            job_id=schedule.metadata.name,
            next_run_time=schedule.status.nextScheduleTime,
        )
        for schedule in known
        if schedule.status.nextScheduleTime is not None
    ]
    return SchedulerStanding(
        is_running=not any(_waits_too_long(schedule, now) for schedule in known),
        job_count=len(known),
        next_run_times=sorted(coming, key=lambda run: run.next_run_time),
    )


def _waits_too_long(schedule: ScheduledJob, now: datetime) -> bool:
    """It was not seen after it was made, or its slot has passed and nothing is said of it."""
    status = schedule.status
    if status.observedGeneration < 0:
        return now - schedule.metadata.creationTimestamp > OVERDUE
    due = status.nextScheduleTime
    late = OVERDUE + timedelta(seconds=schedule.spec.jitterSeconds)
    return due is not None and now - due > late
