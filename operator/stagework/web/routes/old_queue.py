"""The routes of the old queue, in its shape, from the same numbers; retry and skip for all.

Which namespace and pipeline they speak of is a setting (`queue.oldClients`): the old system had
one of each.
"""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query

from stagework.api.kinds import RETRY, SKIP
from stagework.api.old_queue import (
    OldFailedList,
    OldOverview,
    OldRefused,
    OldRequest,
    OldRetried,
    OldSkipped,
)
from stagework.api.queue_previews import Effects
from stagework.overview.queue.old_shape import old_failed, old_overview
from stagework.web.auth.identity import Caller
from stagework.web.queue.boards import View
from stagework.web.queue.readers import user_of
from stagework.web.queue.requests import Asked, Outcome, RefusedId
from stagework.web.routes.services import CallerParam, Services, ServicesParam

router = APIRouter()

OfStage = Annotated[str, Query(max_length=63, description="What has failed at this stage alone.")]


@router.get("/api/queue/overview")
async def overview(caller: CallerParam, services: ServicesParam) -> OldOverview:
    """The machine board."""
    picture = await services.queue.boards.picture(user_of(caller), _view(services))
    return old_overview(picture.board)


@router.get("/api/queue/failed")
async def failed(
    caller: CallerParam, services: ServicesParam, stage: OfStage = ""
) -> OldFailedList:
    """What has failed: by stage, in each the newest first; 300 at most."""
    items = await services.queue.boards.failed(user_of(caller), _view(services))
    return old_failed(item for item in items if stage in ("", item.stage))


@router.post("/v1/failed/retry")
@router.post("/api/queue/failed/retry")
async def retry(body: OldRequest, caller: CallerParam, services: ServicesParam) -> OldRetried:
    """Try again, with the budget of attempts renewed; what is queued already is refused."""
    outcome = await _intervene(RETRY, body, caller, services)
    return OldRetried(
        requested=outcome.requested,
        retried=outcome.done,
        not_retried=len(outcome.refused),
        refused=_refused(outcome.refused),
    )


@router.post("/v1/failed/skip")
@router.post("/api/queue/failed/skip")
async def skip(body: OldRequest, caller: CallerParam, services: ServicesParam) -> OldSkipped:
    """Count as done, skipped by the caller; no later stage starts for that."""
    outcome = await _intervene(SKIP, body, caller, services)
    return OldSkipped(
        requested=outcome.requested,
        skipped=outcome.done,
        not_skipped=len(outcome.refused),
        refused=_refused(outcome.refused),
    )


@router.post("/v1/failed/retry/preview")
async def preview_retry(body: OldRequest, caller: CallerParam, services: ServicesParam) -> Effects:
    """What a retry would do, by the code that does it; nothing is written."""
    return await _preview(RETRY, body, caller, services)


@router.post("/v1/failed/skip/preview")
async def preview_skip(body: OldRequest, caller: CallerParam, services: ServicesParam) -> Effects:
    """What a skip would do, likewise."""
    return await _preview(SKIP, body, caller, services)


async def _preview(verb: str, body: OldRequest, caller: Caller, services: Services) -> Effects:
    asked = Asked(user_of(caller), verb, body.reason)
    seen = await services.queue.requests.preview(body.ids, asked)
    return Effects(
        requested=seen.requested, effects=[*seen.effects], refused=_refused(seen.refused)
    )


def _view(services: Services) -> View:
    old = services.settings.queue.oldClients
    return View(namespace=old.namespace, pipeline=old.pipeline)


async def _intervene(verb: str, body: OldRequest, caller: Caller, services: Services) -> Outcome:
    asked = Asked(user_of(caller), verb, body.reason)
    return await services.queue.requests.intervene(body.ids, asked)


def _refused(refused: Iterable[RefusedId]) -> list[OldRefused]:
    return [OldRefused(id=one.id, reason=one.reason, message=one.message) for one in refused]
