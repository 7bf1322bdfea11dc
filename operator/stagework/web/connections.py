"""Which connections are taken, and for how long one may be silent: uvicorn's protocols with limits.

uvicorn bounds the size of a request's head and ends a connection 5 s after an answer. It waits
without end for a first head, for the rest of a body that nobody reads, and for somebody who does
not take an answer; its `limit_concurrency` counts all callers together, once their heads are there.
So here:

1. A port has so many connections at once, and so many of one address; the next one is ended before
   it has said anything. Who listens by WebSocket is counted by user instead (`live/followers.py`),
   for many people may share an address: once accepted, it is none of its address's any more.
2. A request's head is whole within the time for it; so is what is left of a body whose request has
   been answered.
3. An answer of which nothing is taken for `STALLED_SECONDS` is given up.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

import h11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from stagework.policies.shares import Shares

STALLED_SECONDS: Final = 60.0
"""An answer of which nothing is taken for so long is given up."""
_FOLLOWERS: Final = ""
"""Whose a WebSocket is once it was accepted; no address is empty."""


class _Timer:
    """Calls `end` unless it is stopped in time; started again it keeps its first moment."""

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        self._loop = loop
        self._end = end
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        if self._handle is None:
            self._handle = self._loop.call_later(seconds, self._end)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class GuardedHttp(H11Protocol):
    """One connection of HTTP/1.1; `protocols` makes the class with its limits."""

    ports: ClassVar[Mapping[int, Shares]] = {}
    """Port to its connections; on no other port a connection is taken."""
    head_seconds: ClassVar[float] = 10.0
    """Time for a request's head."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or end it at once."""
        super().connection_made(transport)
        self._silent = _Timer(self.loop, transport.abort)
        self._stalled = _Timer(self.loop, transport.abort)
        self._entered = _shares_of(self.ports, self.server)
        if self._entered is None or not self._entered.take(_address(self.client)):
            self._entered = None
            transport.abort()
            return
        self._silent.start(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """What has come; as long as that is no whole head its time goes on."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE or self._is_unread():
            self._silent.start(self.head_seconds)
        else:
            self._silent.stop()

    def on_response_complete(self) -> None:
        """A body that nobody has read, and an answer that waits to be taken, have their time."""
        super().on_response_complete()
        if self._is_unread():
            self._silent.start(self.head_seconds)
        elif self.transport.is_closing():
            self._stalled.start(STALLED_SECONDS)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The WebSocket's protocol goes on with the same place."""
        self._silent.stop()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Nothing more is taken for now."""
        super().pause_writing()
        self._stalled.start(STALLED_SECONDS)

    def resume_writing(self) -> None:
        """It is taken again."""
        super().resume_writing()
        self._stalled.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free."""
        super().connection_lost(exc)
        self._silent.stop()
        self._stalled.stop()
        if self._entered is not None:
            self._entered.give_back(_address(self.client))

    def _is_unread(self) -> bool:
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY


class GuardedWebSocket(WSProtocol):
    """A connection that has become a WebSocket; it has the place that it came with.

    One that is accepted is none of its address's any more.
    """

    ports: ClassVar[Mapping[int, Shares]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It was an HTTP connection until now."""
        super().connection_made(transport)
        self._entered = _shares_of(self.ports, self.server)
        self._is_of_peer = True

    async def send(self, message: ASGISendEvent) -> None:
        """See ASGI."""
        await super().send(message)
        if message["type"] == "websocket.accept" and self._entered and self._is_of_peer:
            self._is_of_peer = False
            self._entered.hand_over(_address(self.client), _FOLLOWERS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free."""
        super().connection_lost(exc)
        if self._entered is not None:
            self._entered.give_back(_address(self.client) if self._is_of_peer else _FOLLOWERS)
            self._entered = None  # what is accepted too late is nobody's


def protocols(
    of_ports: Mapping[int, Shares], seconds: float
) -> tuple[type[GuardedHttp], type[GuardedWebSocket]]:
    """The classes for uvicorn: it makes one object of them a connection, with nothing of ours."""

    class Http(GuardedHttp):
        ports = of_ports
        head_seconds = seconds

    class WebSocket(GuardedWebSocket):
        ports = of_ports

    return Http, WebSocket


def _shares_of(ports: Mapping[int, Shares], server: tuple[str, int | None] | None) -> Shares | None:
    port = server[1] if server is not None else None
    return None if port is None else ports.get(port)


def _address(client: tuple[str, int] | None) -> str:
    return client[0] if client is not None else "unknown"
