"""One topic by WebSocket: what it says whenever that changes, numbered from 1.

Every message holds all of it, so who was slow or away has missed nothing but what was in between.
The token comes in a header, as on every route; browsers cannot set one, and send it as Kubernetes'
own clients do, among the protocols that they offer.

Who listens, and whether they may, is asked again with each reading; what the API server said of a
token or a right is kept a minute. So nobody listens longer than their ticket is good.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final, Generic, TypeVar

from fastapi import WebSocket, WebSocketDisconnect

from stagework.web.auth.authentication import PROTOCOL
from stagework.web.auth.identity import Caller, name_of
from stagework.web.errors import ClusterUnavailable, ProblemError, not_found
from stagework.web.live.followers import Followers

EVERY_SECONDS: Final = 1.0
"""How often a topic is read."""
STILL_SECONDS: Final = 5.0
"""After so long without a change something is sent all the same."""
_REFUSED: Final = 1008
_OVER: Final = 1000
_SIGN_IN: Final = 4401
"""The token or ticket is not good any more."""
_FORBIDDEN: Final = 4403
"""The right to see this was taken away."""
_ENDINGS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Whatever else is answered may be over at the next reading."""

SeenT = TypeVar("SeenT")


@dataclass(frozen=True, slots=True)
class Message(Generic[SeenT]):
    """What is sent."""

    seq: int
    """1, 2, 3 and so on."""
    at: datetime
    seen: SeenT | None
    """None: it is gone, and nothing more comes."""
    changed: bool
    """Whether it says something new; else it only shows that the connection lives."""


@dataclass(frozen=True, slots=True)
class Topic(Generic[SeenT]):
    """Something that is followed."""

    read: Callable[[Caller], Awaitable[SeenT | None]]
    """As this caller may see it now; None: it is gone. Raises ProblemError, ClusterUnavailable."""
    key: Callable[[SeenT], object]
    """What names a reading: the same again, nothing new."""
    written: Callable[[Message[SeenT]], str]
    gone: str
    """What to say where there is none (any more)."""
    known: object = None
    """The key of what the follower has already."""


async def follow(
    websocket: WebSocket,
    topic: Callable[[], Topic[SeenT]],
    followers: Followers,
    now: Callable[[], datetime],
) -> None:
    """Until it is gone, or who follows is; `topic` raises ProblemError for a wrong address."""
    name = name_of(websocket.state.caller)
    try:
        followers.enter(name)
    except ProblemError as error:
        await websocket.send_denial_response(error.response())
        return
    try:
        await _accepted(websocket, topic, now)
    finally:
        followers.leave(name)


async def _accepted(
    websocket: WebSocket, topic: Callable[[], Topic[SeenT]], now: Callable[[], datetime]
) -> None:
    try:
        followed = topic()
        if await followed.read(websocket.state.caller) is None:
            raise not_found(followed.gone)
    except (ProblemError, ClusterUnavailable) as error:
        await websocket.close(_REFUSED, str(error)[:100])
        return
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(PROTOCOL if PROTOCOL in offered else None)
    leaving = asyncio.create_task(_until_left(websocket))
    sending = asyncio.create_task(_send(websocket, followed, now))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)


async def _send(websocket: WebSocket, topic: Topic[SeenT], now: Callable[[], datetime]) -> None:
    """Until it is gone, or who listens may not see it any more."""
    seq, quiet, last = 0, STILL_SECONDS, topic.known
    while True:
        changed, seen = False, None
        try:
            seen = await topic.read(await websocket.state.caller_now())
            changed = seen is None or topic.key(seen) != last
        except ClusterUnavailable:
            pass  # it may be back: what was said last stands, and nobody says that it is as before
        except ProblemError as error:
            if error.status in _ENDINGS:
                await websocket.close(*_ending(error))
                return
        else:
            if changed or quiet >= STILL_SECONDS:
                seq, quiet = seq + 1, 0.0
                await websocket.send_text(topic.written(Message(seq, now(), seen, changed)))
            if seen is None:
                await websocket.close(_OVER, topic.gone[:100])
                return
            last = topic.key(seen)
        await asyncio.sleep(EVERY_SECONDS)
        quiet += EVERY_SECONDS


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
