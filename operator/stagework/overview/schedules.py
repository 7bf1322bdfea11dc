"""Schedules as people see them: a row for each, and how it stands with all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stagework.api.scheduledjob import ScheduledJob

OVERDUE: Final = timedelta(seconds=60)
"""Nobody makes the runs of a schedule that has waited for so long."""


@dataclass(frozen=True)
class ScheduleRow:
    """One schedule."""

    namespace: str
    name: str
    status: str
    schedule: str
    time_zone: str
    active: int
    last: datetime | None
    next: str
    age_seconds: float


@dataclass(frozen=True)
class SchedulerStatus:
    """How it stands with all of them."""

    is_running: bool
    """Whether an operator makes their runs: none has waited for it too long."""
    count: int
    next_run_times: tuple[tuple[str, datetime], ...]
    """Name and next slot of those that have one, the earliest first."""


def row_of(schedule: ScheduledJob, now: datetime) -> ScheduleRow:
    """The row of a schedule: the columns of `kubectl get schj`."""
    meta, status = schedule.metadata, schedule.status
    return ScheduleRow(
        namespace=meta.namespace,
        name=meta.name,
        status=status.summary or "Unseen",
        schedule=status.schedule,
        time_zone=schedule.spec.timeZone,
        active=status.active,
        last=status.lastScheduleTime,
        next=status.next,
        age_seconds=(now - meta.creationTimestamp).total_seconds(),
    )


def scheduler_status(schedules: Iterable[ScheduledJob], now: datetime) -> SchedulerStatus:
    """Whether somebody makes their runs, how many there are, and what is next."""
    known = list(schedules)
    coming = [
        (schedule.metadata.name, schedule.status.nextScheduleTime)
        for schedule in known
        if schedule.status.nextScheduleTime is not None
    ]
    return SchedulerStatus(
        is_running=not any(_waits_too_long(schedule, now) for schedule in known),
        count=len(known),
        next_run_times=tuple(sorted(coming, key=lambda pair: pair[1])),
    )


def _waits_too_long(schedule: ScheduledJob, now: datetime) -> bool:
    """It was not seen after it was made, or its slot has passed and nothing is said of it."""
    status = schedule.status
    if status.observedGeneration < 0:
        return now - schedule.metadata.creationTimestamp > OVERDUE
    due = status.nextScheduleTime
    late = OVERDUE + timedelta(seconds=schedule.spec.jitterSeconds)
    return due is not None and now - due > late
