"""The service's two ports, how many connections they have, and what is answered on which.

Heartbeats and probes have a port of their own, with connections of its own: whatever comes to the
other one, no healthy stage loses contact and no probe fails. The other one serves everything, also
the heartbeats of Pods that know of no second port.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import uvicorn

from stagework.policies.shares import Shares
from stagework.settings import ApiServiceSettings
from stagework.web.auth.authentication import App, Receive, Scope, Send
from stagework.web.connections import protocols
from stagework.web.errors import not_found

HEARTBEAT_PATHS: Final = frozenset({"/v1/heartbeats", "/livez", "/readyz"})
"""All that is answered on the port of heartbeats."""
HEARTBEATS_PER_PEER: Final = 32
"""Connections of one address to that port: a Pod has one, and only for a moment."""
BACKLOG: Final = 128
"""So many connections may wait to be taken; as many are taken before the first is looked at."""
GRACE_SECONDS: Final = 20
"""How long running requests may go on after SIGTERM."""
LOGGED_SECONDS: Final = 60.0
"""Errors of taking connections are logged so often at most."""
_DESCRIPTORS_MAX: Final = 65_536
_OTHER_DESCRIPTORS: Final = 2 * BACKLOG
_A_REQUEST_TAKES: Final = 2
"""Descriptors: its connection, and a file or a connection to somebody else."""

_log = logging.getLogger("stagework.web")


@dataclass(frozen=True)
class Ports:
    """Where connections come in."""

    requests: socket.socket
    heartbeats: socket.socket

    @property
    def sockets(self) -> list[socket.socket]:
        """To serve from."""
        return [self.requests, self.heartbeats]

    @property
    def numbers(self) -> tuple[int, int]:
        """Their numbers."""
        requests, heartbeats = (
            int(one.getsockname()[1]) for one in (self.requests, self.heartbeats)
        )
        return requests, heartbeats


def listen(host: str, port: int, heartbeat_port: int) -> Ports:
    """Open both ports; raises OSError."""
    requests, heartbeats = (
        socket.create_server((host, one), backlog=BACKLOG) for one in (port, heartbeat_port)
    )
    return Ports(requests, heartbeats)


def build(app: App, limits: ApiServiceSettings, ports: Ports, descriptors: int) -> uvicorn.Server:
    """The server of both ports; `descriptors`: as many as this process may have open."""
    port, heartbeat_port = ports.numbers
    room = min(limits.maxConnections, connections_for(descriptors))
    shares = {
        port: Shares(room, limits.maxConnectionsPerPeer),
        heartbeat_port: Shares(room, HEARTBEATS_PER_PEER),
    }
    http, websocket = protocols(shares, limits.headSeconds)
    config = uvicorn.Config(
        _OnItsPort(app, heartbeat_port),
        http=http,
        ws=websocket,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who connects may write there what they like
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def connections_for(descriptors: int) -> int:
    """So many connections a port may have that descriptors are left for all else."""
    return max(1, (descriptors - _OTHER_DESCRIPTORS) // (_A_REQUEST_TAKES + 1))


def raised_descriptors() -> int:
    """How many descriptors this process may have open, once it has asked for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


class QuietAcceptErrors:
    """Handler of a loop's errors: those of taking a connection are said once a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._not_before = float("-inf")
        self._count = 0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """See asyncio's call_exception_handler."""
        if "accept" not in str(context.get("message", "")):
            loop.default_exception_handler(context)
            return
        self._count += 1
        if self._clock() < self._not_before:
            return
        self._not_before = self._clock() + LOGGED_SECONDS
        fields = {"error": str(context.get("exception", "")), "times": self._count}
        _log.error("connections cannot be taken", extra=fields)
        self._count = 0


class _OnItsPort:
    """ASGI: on the port of heartbeats nothing else is there."""

    def __init__(self, app: App, heartbeat_port: int) -> None:
        self._app = app
        self._heartbeat_port = heartbeat_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._serves(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = not_found("this port is for heartbeats and probes", "use the other one")
            await answer.response()(scope, receive, send)

    def _serves(self, scope: Scope) -> bool:
        _, port = scope["server"]
        return port != self._heartbeat_port or scope["path"] in HEARTBEAT_PATHS
