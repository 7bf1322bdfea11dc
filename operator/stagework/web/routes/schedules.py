"""Schedules for people: what `stagework schedule` does, by HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query

from stagework.api.kinds import RUN_NOW, SKIP_NEXT
from stagework.api.schedule_answers import (
    MAX_SCHEDULES,
    NewSchedule,
    NextSlots,
    ScheduleAsked,
    ScheduleDetail,
    ScheduleList,
    ScheduleRequest,
    SchedulerStanding,
)
from stagework.api.scheduledjob import ScheduledJob
from stagework.overview.schedules import detail_of, next_slots, row_of, scheduler_status
from stagework.policies.schedules.timetable import NoTimetable
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.auth.identity import Caller
from stagework.web.errors import bad_request
from stagework.web.routes.services import CallerParam, Services, ServicesParam
from stagework.web.schedules.views import place_of

router = APIRouter()

_ONE: Final = "/v1/schedules/{namespace}/{name}"
_PLACE_WORDS: Final = 2

Text = Annotated[str, Query(max_length=512)]


@router.get("/v1/schedules")
async def schedules(
    caller: CallerParam,
    services: ServicesParam,
    *,
    namespace: Text = "",
    after: Text = "",
    limit: Annotated[int, Query(ge=1, le=MAX_SCHEDULES)] = 100,
) -> ScheduleList:
    """Those that the caller may list, by namespace and name."""
    listed = await services.schedules.views.listed(caller, _where(namespace))
    behind = tuple(after.split("/")) if after else ("", "")
    if len(behind) != _PLACE_WORDS:
        raise bad_request("not a place in this list", "use `next` of an answer")
    rest = [schedule for schedule in listed if place_of(schedule) > behind]
    page = rest[:limit]
    more = "/".join(place_of(page[-1])) if len(rest) > limit else ""
    return ScheduleList(schedules=[row_of(schedule) for schedule in page], next=more)


@router.get("/v1/schedules/status")
async def status(
    caller: CallerParam, services: ServicesParam, *, namespace: Text = ""
) -> SchedulerStanding:
    """Whether runs are made, how many schedules there are, and which slots are next."""
    listed = await services.schedules.views.listed(caller, _where(namespace))
    return scheduler_status(listed, _now(services))


@router.post("/v1/schedules", status_code=201)
async def create(
    given: NewSchedule, caller: CallerParam, services: ServicesParam, *, dry_run: bool = False
) -> ScheduleDetail:
    """Make a ScheduledJob, with the caller's rights; with `dry_run` only have it judged."""
    checked_namespace(given.namespace)
    return detail_of(await services.schedules.requests.create(caller, given, dry_run=dry_run))


@router.get(_ONE)
async def schedule(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> ScheduleDetail:
    """One schedule: when, what has come of it, and what is next."""
    return detail_of(await _one(services, caller, namespace, name))


@router.get(_ONE + "/next")
async def next_times(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> NextSlots:
    """The next five slots, computed now."""
    found = next_slots(await _one(services, caller, namespace, name), _now(services))
    if isinstance(found, NoTimetable):
        raise bad_request(found.sentence)
    return NextSlots(times=found)


@router.post(_ONE + "/pause")
async def pause(
    namespace: str,
    name: str,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> ScheduleDetail:
    """Make no runs until it is resumed; what runs goes on."""
    found = await _one(services, caller, namespace, name)
    requests = services.schedules.requests
    return detail_of(await requests.suspend(caller, found, suspend=True, dry_run=dry_run))


@router.post(_ONE + "/resume")
async def resume(
    namespace: str,
    name: str,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> ScheduleDetail:
    """Make runs again, from now on."""
    found = await _one(services, caller, namespace, name)
    requests = services.schedules.requests
    return detail_of(await requests.suspend(caller, found, suspend=False, dry_run=dry_run))


@router.post(_ONE + "/run-now")
async def run_now(
    namespace: str,
    name: str,
    given: ScheduleRequest,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> ScheduleAsked:
    """Make a run now, beside those of its slots, by an Intervention."""
    found = await _one(services, caller, namespace, name)
    return await services.schedules.requests.intervene(
        caller, found, RUN_NOW, given, now=_now(services), dry_run=dry_run
    )


@router.post(_ONE + "/skip-next")
async def skip_next(
    namespace: str,
    name: str,
    given: ScheduleRequest,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> ScheduleAsked:
    """Let the next slot pass without a run, by an Intervention."""
    found = await _one(services, caller, namespace, name)
    return await services.schedules.requests.intervene(
        caller, found, SKIP_NEXT, given, now=_now(services), dry_run=dry_run
    )


@router.delete(_ONE, status_code=204)
async def remove(
    namespace: str,
    name: str,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> None:
    """Delete it, and the runs that it has made."""
    where = checked_namespace(namespace), checked_run_name(name)
    await services.schedules.requests.remove(caller, *where, dry_run=dry_run)


async def _one(services: Services, caller: Caller, namespace: str, name: str) -> ScheduledJob:
    where = checked_namespace(namespace), checked_run_name(name)
    return await services.schedules.views.one(caller, *where)


def _where(namespace: str) -> str:
    return checked_namespace(namespace) if namespace else ""


def _now(services: Services) -> datetime:
    return datetime.fromtimestamp(services.wall_clock(), UTC)
