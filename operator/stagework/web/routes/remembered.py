"""What is remembered: runs and batches page by page, one run whole, failed stages.

Each answers with what is in namespaces whose PipelineJobs the caller may list, and as if there
were nothing else: neither a run's uid nor an error tells of one that he may not read.
"""

from typing import Annotated, Final
from unicodedata import normalize

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from stagework.api.history import (
    MAX_PAGE,
    Digest,
    DigestQuery,
    FailedList,
    FailedQuery,
    Place,
    RememberedBatches,
    RunHistory,
    RunList,
    RunQuery,
    place_of,
    token_of,
)
from stagework.web.artifact_path import checked_namespace, checked_uid
from stagework.web.auth.identity import Caller
from stagework.web.errors import bad_request, not_found
from stagework.web.routes.services import CallerParam, Services, ServicesParam

router = APIRouter()

Text = Annotated[str | None, Query(max_length=512)]
Moment = Annotated[AwareDatetime | None, Query()]
After = Annotated[str, Query(max_length=2048)]
_RUN_WORDS: Final = 1
_FAILED_WORDS: Final = 2


@router.get("/v1/runs")
async def remembered_runs(
    caller: CallerParam,
    services: ServicesParam,
    *,
    namespace: Text = None,
    name: Text = None,
    pipeline: Text = None,
    subject: Text = None,
    tenant: Text = None,
    state: Text = None,
    q: Text = None,
    since: Moment = None,
    until: Moment = None,
    after: After = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> RunList:
    """Runs, the newest first; `since` and `until` are about when they were made.

    `q` is looked for in titles, subjects, names and uids, in whatever case.
    """
    page = await services.history.runs(
        RunQuery(
            namespaces=await _namespaces(services, caller, namespace),
            name=name,
            pipeline=pipeline,
            subject=subject,
            tenant=tenant,
            state=state,
            text=normalize("NFC", q) if q else None,
            since=since,
            until=until,
            after=_place(after, _RUN_WORDS),
            limit=limit,
        )
    )
    return RunList(runs=page.items, next=token_of(page.next))


@router.get("/v1/history/batches")
async def remembered_batches(
    caller: CallerParam,
    services: ServicesParam,
    *,
    namespace: Text = None,
    name: Text = None,
    pipeline: Text = None,
    tenant: Text = None,
    state: Text = None,
    after: After = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> RememberedBatches:
    """Batches, the newest first, also those that are deleted."""
    page = await services.history.batches(
        RunQuery(
            namespaces=await _namespaces(services, caller, namespace),
            name=name,
            pipeline=pipeline,
            tenant=tenant,
            state=state,
            after=_place(after, _RUN_WORDS),
            limit=limit,
        )
    )
    return RememberedBatches(batches=page.items, next=token_of(page.next))


@router.get("/v1/runs/{uid}")
async def remembered_run(uid: str, caller: CallerParam, services: ServicesParam) -> RunHistory:
    """One run with every attempt of its stages, and what people asked of it."""
    found = await services.history.run(checked_uid(uid))
    if found is None or not await services.authorization.may(
        caller, "get", found.run.namespace, found.run.name
    ):
        raise not_found(f"nothing is known of a run {uid!r}", "list them: /v1/runs")
    return found


@router.get("/v1/failed")
async def failed_stages(
    caller: CallerParam,
    services: ServicesParam,
    *,
    namespace: Text = None,
    pipeline: Text = None,
    tenant: Text = None,
    stage: Text = None,
    since: Moment = None,
    after: After = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 300,
) -> FailedList:
    """Stages that have failed for good, the newest first; `since`: that failed then or later."""
    page = await services.history.failed(
        FailedQuery(
            namespaces=await _namespaces(services, caller, namespace),
            pipeline=pipeline,
            tenant=tenant,
            stage=stage,
            since=since,
            after=_place(after, _FAILED_WORDS),
            limit=limit,
        )
    )
    return FailedList(failed=page.items, next=token_of(page.next))


@router.get("/v1/digest")
async def digest(
    caller: CallerParam,
    services: ServicesParam,
    *,
    since: Annotated[AwareDatetime, Query()],
    until: Annotated[AwareDatetime, Query()],
    namespace: Text = None,
    slowest: Annotated[int, Query(ge=0, le=20)] = 5,
) -> Digest:
    """What a span of time has brought: how runs ended, what was deferred, the slowest stages."""
    return await services.history.digest(
        DigestQuery(
            namespaces=await _namespaces(services, caller, namespace),
            since=since,
            until=until,
            slowest=slowest,
        )
    )


async def _namespaces(services: Services, caller: Caller, namespace: str | None) -> tuple[str, ...]:
    """The one asked for, if the caller may; else all in which he may."""
    if namespace is not None:
        await services.authorization.require_right(caller, "list", checked_namespace(namespace))
        return (namespace,)
    return await services.authorization.readable(caller, await services.history.namespaces())


def _place(token: str, words: int) -> Place | None:
    try:
        return place_of(token, words)
    except ValueError:
        raise bad_request("not a place in this list", "use `next` of an answer") from None
