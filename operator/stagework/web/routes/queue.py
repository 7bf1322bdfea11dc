"""The queue's numbers: one picture of all that the caller may see."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from starlette.responses import JSONResponse

from stagework.api.queue_previews import Me, Rights
from stagework.overview.queue.board import Board
from stagework.overview.queue.document import document
from stagework.overview.queue.past import Past
from stagework.web.artifact_path import checked_namespace
from stagework.web.errors import ProblemError
from stagework.web.queue.boards import View
from stagework.web.queue.readers import user_of
from stagework.web.routes.services import CallerParam, ServicesParam

router = APIRouter()

Namespace = Annotated[
    str, Query(description="Runs of this namespace alone; of all that you may list if absent.")
]
IfNoneMatch = Annotated[str, Header(alias="If-None-Match")]


@router.get("/v1/queue", response_model=Board, responses={304: {"description": "As before."}})
async def queue(
    caller: CallerParam,
    services: ServicesParam,
    namespace: Namespace = "",
    if_none_match: IfNoneMatch = "",
) -> Response:
    """What waits, works and has failed, how fast it goes, when it is done; under 50 kB.

    Its ETag stays while no run has changed, a minute at most: ages and hours go on.
    """
    view = View(namespace=checked_namespace(namespace) if namespace else "")
    picture = await services.queue.boards.picture(user_of(caller), view)
    headers = {"ETag": picture.etag, "Cache-Control": "private, no-cache"}
    if picture.etag in (tag.strip() for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return JSONResponse(document(picture.board), headers=headers)


@router.get("/v1/me")
async def me(
    caller: CallerParam,
    services: ServicesParam,
    namespace: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> Me:
    """Who asks, and what they may do with runs, schedules and batches in these namespaces."""
    user, schedules = user_of(caller), services.schedules.requests
    batches = services.batches.requests
    return Me(
        user=user.name,
        rights=[
            Rights(
                namespace=name,
                verbs=[*await services.queue.requests.verbs(user, checked_namespace(name))],
                schedule_verbs=[*await schedules.verbs(caller, name)],
                batch_verbs=[*await batches.verbs(caller, name)],
            )
            for name in dict.fromkeys(namespace or ())
        ],
    )


@router.get("/v1/queue/past")
async def past(caller: CallerParam, services: ServicesParam, namespace: Namespace = "") -> Past:
    """What was done and what came, as history tells it, also of runs that are gone; for those who
    count live runs themselves (`stagework queue`).
    """
    view = View(namespace=checked_namespace(namespace) if namespace else "")
    found = await services.queue.boards.past(user_of(caller), view)
    if found is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "history is away",
            "count what is there, and ask again",
            {"Retry-After": "30"},
        )
    return found
