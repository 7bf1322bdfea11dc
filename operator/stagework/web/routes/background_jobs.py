"""Background jobs: programs that are no pipelines tell of their work, and people read of it.

Best effort on the program's side: what is said here decides nothing. The times are this service's.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from stagework.api.background_jobs import (
    BackgroundJob,
    JobEnd,
    JobId,
    JobList,
    JobNews,
    JobProgress,
    JobStart,
)
from stagework.web.artifact_path import checked_namespace
from stagework.web.errors import not_found
from stagework.web.routes.services import CallerParam, Services, ServicesParam

router = APIRouter()

SHOWN_AFTER_END: Final = timedelta(hours=6)
"""So long one that has ended is told of."""


@router.post("/v1/jobs/{namespace}", status_code=201)
async def start_job(
    namespace: str, given: JobStart, caller: CallerParam, services: ServicesParam
) -> BackgroundJob:
    """A program begins; with an `id` that is known already it begins anew."""
    await services.authorization.require_background_jobs(caller, checked_namespace(namespace))
    now = _now(services)
    begun = BackgroundJob(
        namespace=namespace,
        id=given.id or uuid.uuid4().hex,
        kind=given.kind,
        label=given.label,
        state="running",
        processed=given.processed,
        total=given.total,
        started=now,
        heartbeat=now,
        ended=None,
        error="",
        machine=given.machine,
    )
    await services.history.begin_job(begun)
    return begun


@router.post("/v1/jobs/{namespace}/{job_id}/heartbeat")
async def heartbeat(
    namespace: str,
    job_id: JobId,
    given: JobProgress,
    caller: CallerParam,
    services: ServicesParam,
) -> BackgroundJob:
    """It is at work, and so far."""
    news = JobNews(processed=given.processed, total=given.total, at=_now(services))
    return await _update(services, caller, namespace, job_id, news)


@router.post("/v1/jobs/{namespace}/{job_id}/finish")
async def finish_job(
    namespace: str, job_id: JobId, given: JobEnd, caller: CallerParam, services: ServicesParam
) -> BackgroundJob:
    """It has ended, well or with an error."""
    state = "failed" if given.error else "done"
    news = JobNews(processed=given.processed, at=_now(services), state=state, error=given.error)
    return await _update(services, caller, namespace, job_id, news)


@router.get("/v1/jobs")
async def known_jobs(
    caller: CallerParam,
    services: ServicesParam,
    namespace: Annotated[str | None, Query(max_length=63)] = None,
) -> JobList:
    """Those at work or ended in the last six hours, of namespaces that one may list."""
    if namespace is not None:
        await services.authorization.require_right(caller, "list", checked_namespace(namespace))
        readable: tuple[str, ...] = (namespace,)
    else:
        known = await services.history.namespaces()
        readable = await services.authorization.readable(caller, known)
    return JobList(jobs=await services.history.jobs(readable, _now(services) - SHOWN_AFTER_END))


async def _update(
    services: Services, caller: CallerParam, namespace: str, job_id: str, news: JobNews
) -> BackgroundJob:
    await services.authorization.require_background_jobs(caller, checked_namespace(namespace))
    known = await services.history.update_job(namespace, job_id, news)
    if known is None:
        raise not_found(f"no background job {job_id!r} is at work", "begin it: POST /v1/jobs")
    return known


def _now(services: Services) -> datetime:
    return datetime.fromtimestamp(services.wall_clock(), UTC)
