"""Heartbeats: stage Pods send them, the operator reads them."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from stagework.web import bodies
from stagework.web.errors import bad_request
from stagework.web.heartbeats import BODY_MAX_BYTES, Heartbeat
from stagework.web.routes.services import OPERATOR_ONLY, ServicesParam, StagePodParam

router = APIRouter()


@router.post("/v1/heartbeats", status_code=204, response_class=Response)
async def beat(request: Request, caller: StagePodParam, services: ServicesParam) -> Response:
    """The caller lives; the body may say how far it is."""
    raw = await bodies.small_body(request, BODY_MAX_BYTES)
    try:
        heartbeat = msgspec.json.decode(raw, type=Heartbeat) if raw.strip() else Heartbeat()
    except (msgspec.MsgspecError, RecursionError) as error:
        raise bad_request(
            f"not a heartbeat: {error}", 'send {"done": 3, "total": 10, "note": "..."}'
        ) from error
    services.heartbeats.receive(caller.prefix, heartbeat)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/v1/heartbeats", response_class=Response, dependencies=[OPERATOR_ONLY])
async def heard(
    services: ServicesParam,
    pod: Annotated[str, Query(max_length=64, description="Uid of a Pod; of all if absent.")] = "",
) -> Response:
    """The last heartbeat of every Pod, and for how long this process has listened."""
    return JSONResponse(services.heartbeats.report(pod))
