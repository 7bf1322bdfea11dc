"""What the API service answers about schedules: rows, one whole, how it stands, requests."""

from typing import Annotated, Final

from pydantic import AwareDatetime, StringConstraints

from stagework.api.base import Observed, Resource
from stagework.api.references import ObjectName
from stagework.api.scheduledjob import ScheduledJobSpec, ScheduledJobStatus, ScheduleStats

MAX_SCHEDULES: Final = 500
"""Longest page of schedules."""


class ScheduleRow(Observed):
    """A schedule as `kubectl get schj` and `stagework schedule list` show it."""

    namespace: str
    """Where it is."""
    name: str
    """Its name."""
    uid: str
    """Never used again, unlike the name."""
    status: str
    """Where it stands, as one word."""
    message: str
    """The same as a sentence, where there is more to say."""
    schedule: str
    """When, as short as it was written."""
    description: str
    """When, as a sentence."""
    timeZone: str
    """Its time zone, by the IANA name."""
    suspend: bool
    """No slot runs."""
    active: int
    """Runs that have not ended."""
    lastScheduleTime: AwareDatetime | None
    """The last slot that was dealt with; null: none was."""
    nextScheduleTime: AwareDatetime | None
    """The next slot; null: none is to come, or it is suspended."""
    next: str
    """The same as text, in its time zone."""
    stats: ScheduleStats
    """What has come of it so far."""
    created: AwareDatetime
    """When it was made."""


class ScheduleList(Observed):
    """Answer of `GET /v1/schedules`."""

    schedules: list[ScheduleRow]
    """By namespace and name."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""


class ScheduleDetail(Observed):
    """Answer of `GET /v1/schedules/{namespace}/{name}`, and of what changes one."""

    schedule: ScheduleRow
    """Its row."""
    spec: ScheduledJobSpec
    """What a person wrote."""
    status: ScheduledJobStatus
    """All that the operator says of it: its runs, the next five slots."""


class NextSlots(Observed):
    """Answer of `GET /v1/schedules/{namespace}/{name}/next`."""

    times: list[str]
    """The next five slots, in its time zone; fewer where there are no more."""


class NextRun(Observed):
    """The next slot of a schedule, in the words of the scheduler that this replaces."""

    namespace: str
    """Where it is."""
    job_id: str
    """Its name."""
    next_run_time: AwareDatetime
    """Its next slot."""


class SchedulerStanding(Observed):
    """Answer of `GET /v1/schedules/status`: how it stands with all of them."""

    is_running: bool
    """Whether an operator makes their runs: none has waited for it too long."""
    job_count: int
    """How many there are."""
    next_run_times: list[NextRun]
    """Of those that have a next slot, the earliest first."""


class NewSchedule(Resource):
    """What `POST /v1/schedules` takes."""

    namespace: Annotated[str, StringConstraints(max_length=63)]
    """Where to make it."""
    name: ObjectName
    """Its name."""
    spec: ScheduledJobSpec
    """As in a manifest; its template names a Pipeline, and is no built-in task."""


class ScheduleRequest(Resource):
    """What `run-now` and `skip-next` take."""

    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""


class ScheduleAsked(Observed):
    """What a request changes, or would."""

    affected: list[str]
    """`a run`, or the slot that is skipped; empty: nothing was written."""
    refused: list[str]
    """Why not, as words."""
    intervention: str = ""
    """Name of the Intervention; empty: nothing was written."""
