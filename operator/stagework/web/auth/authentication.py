"""Every request proves who it is, unless its path is on a short list.

It stands before the router, so a route that is added later is closed without anybody thinking
of it, and an unknown path says 401 before it says 404. The token never reaches a log line.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers

from stagekit.contract import HEADER_AUTHORIZATION
from stagework.web.auth.identity import Caller, Identities, StagePod
from stagework.web.errors import ClusterUnavailable, ProblemError

OPEN_PATHS: Final = frozenset({"/livez", "/readyz"})
"""What answers without a proof: nothing but "I am here"."""

_log = logging.getLogger("stagework.web")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Authentication:
    """ASGI middleware that puts the caller into the request's state, or answers 401 or 403."""

    def __init__(self, app: App, identities: Identities) -> None:
        self._app = app
        self._identities = identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass start and stop, and requests that are open or proved."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        log_line = _AccessLogLine(scope, send)
        try:
            caller = await self._identities.caller(_token(Headers(scope=scope)))
        except ProblemError as problem:
            await problem.response()(scope, receive, log_line.send)
        except ClusterUnavailable as error:
            await error.problem().response()(scope, receive, log_line.send)
        else:
            log_line.caller = _name_of(caller)
            scope.setdefault("state", {})["caller"] = caller
            await self._app(scope, receive, log_line.send)
        finally:
            log_line.write()


class _AccessLogLine:
    """One log line a request: what, who, answer, time; no header, no query, no body."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.monotonic()
        self._status = 0
        self.caller = ""

    async def send(self, message: Message) -> None:
        """Pass on, and keep the status."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
        await self._send(message)

    def write(self) -> None:
        """Heartbeats that go well are only of interest when debugging."""
        path = str(self._scope["path"])
        is_quiet = path == "/v1/heartbeats" and self._status < 400  # noqa: PLR2004
        fields: Mapping[str, object] = {
            "method": self._scope["method"],
            "path": path[:500],
            "status": self._status,
            "caller": self.caller,
            "milliseconds": round((time.monotonic() - self._began) * 1000),
        }
        _log.log(logging.DEBUG if is_quiet else logging.INFO, "request", extra=dict(fields))


def _name_of(caller: Caller) -> str:
    return str(caller.prefix) if isinstance(caller, StagePod) else caller.user.name


def _token(headers: Headers) -> str:
    header = headers.get(HEADER_AUTHORIZATION) or headers.get("Authorization") or ""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
