"""What the client answers, in the old scheduler's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from stagework.api import names
from stagework.cli import replies
from stagework.cli.schedules import read_schedule
from stagework.overview.schedules import scheduler_status

_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_NAME_MAX: Final = 200


class NextRun(TypedDict):
    """When a job runs next."""

    job_id: str
    next_run_time: datetime


class SchedulerState(TypedDict):
    """How it stands with all jobs."""

    is_running: bool
    job_count: int
    next_run_times: list[NextRun]


class JobStatistics(TypedDict):
    """The five figures of a job."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    last_execution: datetime | None
    average_execution_time: float
    """Seconds."""


@dataclass(frozen=True)
class Job:
    """A job, as it is now."""

    id: str
    name: str
    next_run_time: datetime | None
    """None: it is paused, or has no slot to come."""
    trigger: str
    """When it runs, in short."""


def job_id_of(raw: Mapping[str, Any]) -> str:
    """The id that its maker gave; its own name where somebody else has made it."""
    meta = replies.mapping(raw.get("metadata"))
    given = replies.mapping(meta.get("annotations")).get(names.ANNOTATION_JOB_ID)
    return str(given or meta.get("name", ""))


def job_of(raw: Mapping[str, Any]) -> Job:
    """A job from the object as it is stored."""
    schedule = read_schedule(raw)
    annotations = replies.mapping(replies.mapping(raw.get("metadata")).get("annotations"))
    job_id = job_id_of(raw)
    return Job(
        id=job_id,
        name=str(annotations.get(names.ANNOTATION_JOB_NAME) or job_id),
        next_run_time=schedule.status.nextScheduleTime,
        trigger=schedule.status.schedule,
    )


def statistics_of(raw: Mapping[str, Any]) -> JobStatistics:
    """Its figures."""
    stats = read_schedule(raw).status.stats
    return {
        "total_executions": stats.totalExecutions,
        "successful_executions": stats.successfulExecutions,
        "failed_executions": stats.failedExecutions,
        "last_execution": stats.lastExecution,
        "average_execution_time": float(stats.averageExecutionSeconds or 0),
    }


def state_of(listed: Sequence[Mapping[str, Any]], now: datetime) -> SchedulerState:
    """How it stands with all of them."""
    ids = {str(replies.mapping(raw.get("metadata")).get("name")): job_id_of(raw) for raw in listed}
    whole = scheduler_status(map(read_schedule, listed), now)
    return {
        "is_running": whole.is_running,
        "job_count": whole.job_count,
        "next_run_times": [
            {"job_id": ids[run.job_id], "next_run_time": run.next_run_time}
            for run in whole.next_run_times
        ],
    }


def object_name(job_id: str) -> str:
    """An id as the name of an object: `health_check` is `health-check`; raises ValueError."""
    name = _NO_NAME.sub("-", job_id.lower()).strip("-")[:_NAME_MAX].rstrip("-")
    if not name:
        raise ValueError(f"job_id: {job_id!r} has no letter or digit that a name could have")
    return name
