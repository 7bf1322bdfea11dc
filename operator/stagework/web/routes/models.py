"""Model endpoints for stage Pods: which are set, what they can do, and requests to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagework.model_gateway import forms
from stagework.model_gateway.endpoint import TRANSCRIPTIONS, Endpoint
from stagework.model_gateway.errors import Busy
from stagework.policies.shares import Shares
from stagework.web import bodies
from stagework.web.errors import ProblemError
from stagework.web.routes.services import ServicesParam, StagePodParam

router = APIRouter()


@router.get("/v1/models", response_class=Response)
async def roles(caller: StagePodParam, services: ServicesParam) -> Response:
    """The roles that the caller's namespace may ask, with what is known of each by now."""
    return JSONResponse({"roles": services.models.roles(caller.prefix.namespace)})


@router.get("/v1/models/{role}", response_class=Response)
async def role_facts(role: str, caller: StagePodParam, services: ServicesParam) -> Response:
    """All about one role; the first one to ask waits while its server is asked."""
    return JSONResponse(await services.models.facts(role, caller.prefix.namespace))


@router.get("/v1/models/{role}/models", response_class=Response)
async def models(role: str, _caller: StagePodParam, services: ServicesParam) -> Response:
    """The protocol's list of models: one, under the name that replies give it."""
    label = services.models.endpoint(role).label
    return JSONResponse({"object": "list", "data": [{"id": label, "object": "model"}]})


@router.post("/v1/models/{role}/{path:path}", response_class=Response)
async def ask(
    role: str, path: str, request: Request, caller: StagePodParam, services: ServicesParam
) -> Response:
    """Pass a request on: read whole first, so that no slow sender holds a place."""
    endpoint = services.models.endpoint(role)
    endpoint.check(path)
    namespace = caller.prefix.namespace
    endpoint.admit(namespace)
    body = _Body(services.models.room, namespace, endpoint.settings.maxRequestBytes)
    try:
        if path == TRANSCRIPTIONS:
            kind = request.headers.get("Content-Type", "")
            asked = endpoint.send(await forms.read(kind, body.counted(request)))
        else:
            asked = endpoint.ask(path, b"".join([chunk async for chunk in body.counted(request)]))
        return JSONResponse(
            await _unless_caller_leaves(request, _in_place(endpoint, asked, namespace))
        )
    finally:
        body.give_back()


async def _in_place(
    endpoint: Endpoint, asked: Coroutine[Any, Any, dict[str, Any]], namespace: str
) -> dict[str, Any]:
    try:
        async with endpoint.place(namespace):
            return await asked
    finally:
        asked.close()  # where there was no place


class _Body:
    """What has come of a request, in memory until it is over."""

    def __init__(self, room: Shares, namespace: str, limit: int) -> None:
        self._room = room
        self._namespace = namespace
        self._limit = limit
        self._held = 0

    async def counted(self, request: Request) -> AsyncIterator[bytes]:
        """Its pieces; raises ProblemError for one that is too long, and Busy."""
        async for chunk in bodies.body_of(request):
            if self._held + len(chunk) > self._limit:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"more than {self._limit} bytes",
                    "send less at once; an administrator can raise models.*.maxRequestBytes",
                )
            if not self._room.take(self._namespace, len(chunk)):
                raise Busy("too many requests to models are under way")
            self._held += len(chunk)
            yield chunk

    def give_back(self) -> None:
        """The request is over."""
        self._room.give_back(self._namespace, self._held)


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
