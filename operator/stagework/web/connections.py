"""Which connections are taken, and for how long one may be silent: uvicorn's protocols with limits.

uvicorn bounds the size of a request's head and ends a connection 5 s after an answer. It waits
without end for a first head, for the rest of a body that nobody reads, and for somebody who does
not take an answer; its `limit_concurrency` counts all callers together, once their heads are there.
So here:

1. A port has so many connections at once, and so many of one address; the next one is ended before
   it has said anything. Who listens by WebSocket is counted by user instead (`live/listeners.py`),
   for many people may share an address: once accepted, it is none of its address's any more.
2. A request's head is whole within the time for it; so is what is left of a body whose request has
   been answered.
3. An answer of which nothing is taken for `STALLED_SECONDS` is given up.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

import h11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

STALLED_SECONDS: Final = 60.0
"""An answer of which nothing is taken for so long is given up."""


class Places:
    """The connections of one port, at most `total`, and `per_peer` of one address."""

    def __init__(self, total: int, per_peer: int) -> None:
        self._total = total
        self._per_peer = per_peer
        self._of_peer: Counter[str] = Counter()
        self._open = 0

    def enter(self, peer: str) -> bool:
        """Count one more of this address; False: there is no room for it."""
        if self._open >= self._total or self._of_peer[peer] >= self._per_peer:
            if not self._of_peer[peer]:
                del self._of_peer[peer]
            return False
        self._open += 1
        self._of_peer[peer] += 1
        return True

    def leave(self, peer: str) -> None:
        """One that had entered is over."""
        self.leave_peer(peer)
        self.leave_port()

    def leave_port(self) -> None:
        """One that was none of its address's any more is over."""
        self._open -= 1

    def leave_peer(self, peer: str) -> None:
        """One that had entered goes on, and is none of its address's any more."""
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]


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

    ports: ClassVar[Mapping[int, Places]] = {}
    """Port to its places; on no other port a connection is taken."""
    head_seconds: ClassVar[float] = 10.0
    """Time for a request's head."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or end it at once."""
        super().connection_made(transport)
        self._silent = _Timer(self.loop, transport.abort)
        self._stalled = _Timer(self.loop, transport.abort)
        self._entered = _places_of(self.ports, self.server)
        if self._entered is None or not self._entered.enter(_address(self.client)):
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
            self._entered.leave(_address(self.client))

    def _is_unread(self) -> bool:
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY


class GuardedWebSocket(WSProtocol):
    """A connection that has become a WebSocket; it has the place that it came with.

    One that is accepted is none of its address's any more.
    """

    ports: ClassVar[Mapping[int, Places]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It was an HTTP connection until now."""
        super().connection_made(transport)
        self._entered = _places_of(self.ports, self.server)
        self._is_of_peer = True

    async def send(self, message: ASGISendEvent) -> None:
        """See ASGI."""
        await super().send(message)
        if message["type"] == "websocket.accept" and self._entered and self._is_of_peer:
            self._is_of_peer = False
            self._entered.leave_peer(_address(self.client))

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free."""
        super().connection_lost(exc)
        if self._entered is None:
            return
        if self._is_of_peer:
            self._is_of_peer = False
            self._entered.leave_peer(_address(self.client))
        self._entered.leave_port()


def protocols(
    of_ports: Mapping[int, Places], seconds: float
) -> tuple[type[GuardedHttp], type[GuardedWebSocket]]:
    """The classes for uvicorn: it makes one object of them a connection, with nothing of ours."""

    class Http(GuardedHttp):
        ports = of_ports
        head_seconds = seconds

    class WebSocket(GuardedWebSocket):
        ports = of_ports

    return Http, WebSocket


def _places_of(ports: Mapping[int, Places], server: tuple[str, int | None] | None) -> Places | None:
    port = server[1] if server is not None else None
    return None if port is None else ports.get(port)


def _address(client: tuple[str, int] | None) -> str:
    return client[0] if client is not None else ""
