"""Live progress of a batch by WebSocket: its numbers whenever they change, numbered from 1.

Every message holds all numbers, so who was slow or away has missed nothing but what was in between.
The token comes in a header, as on every route; browsers cannot set one, and send it as Kubernetes'
own clients do, among the protocols that they offer.

Who listens, and whether they may, is asked again with each reading; what the API server said of a
token or a right is kept a minute. So nobody listens longer than their ticket is good.
"""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from stagework.api.batch_answers import BatchNews, BatchRow
from stagework.overview.batch_row import batch_row
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.auth.authentication import PROTOCOL
from stagework.web.auth.identity import name_of
from stagework.web.errors import ClusterUnavailable, ProblemError
from stagework.web.routes.services import Services

router = APIRouter()

EVERY_SECONDS: Final = 1.0
"""How often the numbers are read."""
STILL_SECONDS: Final = 15.0
"""After so long without a change they are sent all the same."""
_REFUSED: Final = 1008
_OVER: Final = 1000
_SIGN_IN: Final = 4401
"""The token or ticket is not good any more."""
_FORBIDDEN: Final = 4403
"""The right to see this batch was taken away."""


@router.websocket("/v1/batches/{namespace}/{name}/live")
async def live(websocket: WebSocket, namespace: str, name: str) -> None:
    """Until the batch is gone, or who listens is."""
    services: Services = websocket.app.state.services
    listener = name_of(websocket.state.caller)
    try:
        services.batches.listeners.enter(listener)
    except ProblemError as error:
        await websocket.send_denial_response(error.response())
        return
    try:
        await _accepted(websocket, services, namespace, name)
    finally:
        services.batches.listeners.leave(listener)


async def _accepted(websocket: WebSocket, services: Services, namespace: str, name: str) -> None:
    where = namespace, name
    try:
        where = checked_namespace(namespace), checked_run_name(name)
        await services.batches.views.one(websocket.state.caller, *where)
    except (ProblemError, ClusterUnavailable) as error:
        await websocket.close(_REFUSED, str(error)[:100])
        return
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(PROTOCOL if PROTOCOL in offered else None)
    leaving = asyncio.create_task(_until_left(websocket))
    sending = asyncio.create_task(_send(websocket, services, *where))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)


async def _send(websocket: WebSocket, services: Services, namespace: str, name: str) -> None:
    """Until the batch is gone, or who listens may not see it any more."""
    last: BatchRow | None = None
    seq, quiet = 0, 0.0
    while True:
        row = last
        try:
            row = await _row(websocket, services, namespace, name)
        except ClusterUnavailable:
            pass  # it may be back: what was said last stands
        except ProblemError as error:
            await websocket.close(*_ending(error))
            return
        if row is None or row != last or quiet >= STILL_SECONDS:
            seq, quiet, last = seq + 1, 0.0, row
            news = BatchNews(seq=seq, at=_now(services), batch=row)
            await websocket.send_text(news.model_dump_json())
        if row is None:
            await websocket.close(_OVER, "the batch is gone")
            return
        await asyncio.sleep(EVERY_SECONDS)
        quiet += EVERY_SECONDS


async def _row(
    websocket: WebSocket, services: Services, namespace: str, name: str
) -> BatchRow | None:
    caller = await websocket.state.caller_now()
    found = await services.batches.views.seen(caller, namespace, name)
    return batch_row(found) if found is not None else None


def _ending(error: ProblemError) -> tuple[int, str]:
    """Code and reason with which a connection is closed."""
    if error.status == HTTPStatus.UNAUTHORIZED:
        return _SIGN_IN, "your token or ticket is not good any more: sign in again"
    return _FORBIDDEN, error.error[:100]


async def _until_left(websocket: WebSocket) -> None:
    try:
        while True:
            await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        return


def _now(services: Services) -> datetime:
    return datetime.fromtimestamp(services.wall_clock(), UTC)
