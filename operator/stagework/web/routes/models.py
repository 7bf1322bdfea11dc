"""Model endpoints for stage Pods: which are set, what they can do, and requests to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagework.model_gateway.endpoint import TRANSCRIPTIONS
from stagework.web import bodies
from stagework.web.errors import ProblemError
from stagework.web.routes.services import ServicesParam, StagePodParam

router = APIRouter()


@router.get("/v1/models", response_class=Response)
async def roles(_caller: StagePodParam, services: ServicesParam) -> Response:
    """The roles that are set, with what is known of each by now."""
    return JSONResponse({"roles": services.models.roles()})


@router.get("/v1/models/{role}", response_class=Response)
async def role_facts(role: str, _caller: StagePodParam, services: ServicesParam) -> Response:
    """All about one role; the first one to ask waits while its server is asked."""
    return JSONResponse(await services.models.facts(role))


@router.get("/v1/models/{role}/models", response_class=Response)
async def models(role: str, _caller: StagePodParam, services: ServicesParam) -> Response:
    """The protocol's list of models: one, under the name that replies give it."""
    label = services.models.endpoint(role).label
    return JSONResponse({"object": "list", "data": [{"id": label, "object": "model"}]})


@router.post("/v1/models/{role}/{path:path}", response_class=Response)
async def ask(
    role: str, path: str, request: Request, _caller: StagePodParam, services: ServicesParam
) -> Response:
    """Pass a request on, once there is a free place; the body is not read before."""
    endpoint = services.models.endpoint(role)
    endpoint.check(path)
    limit = endpoint.settings.maxRequestBytes
    async with endpoint.place():
        if path == TRANSCRIPTIONS:
            kind = request.headers.get("Content-Type", "")
            reply = await endpoint.send(kind, _limited(request, limit))
        else:
            body = await bodies.small_body(request, limit)
            reply = await _unless_caller_leaves(request, endpoint.ask(path, body))
    return JSONResponse(reply)


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in bodies.body_of(request):
        received += len(chunk)
        if received > limit:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"more than {limit} bytes",
                "send shorter recordings; an administrator can raise models.*.maxRequestBytes",
            )
        yield chunk


async def _unless_caller_leaves(
    request: Request, work: Coroutine[Any, Any, dict[str, Any]]
) -> dict[str, Any]:
    """The reply, given up where the caller hangs up: a killed Pod must not hold a place."""
    answer = asyncio.ensure_future(work)
    disconnected = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({answer, disconnected}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the caller has hung up")
        return answer.result()
    finally:
        for task in (answer, disconnected):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _disconnected(request: Request) -> None:
    """Ends when the connection does; only after the whole body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
