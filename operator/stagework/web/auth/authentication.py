"""Every request proves who it is, unless its path is on a short list.

It stands before the router, so a route that is added later is closed without anybody thinking
of it, and an unknown path says 401 before it says 404. The token never reaches a log line.

Tickets are given for a SignIn, and for nothing else: who has one cannot have the next one by it. A
SignIn is good for nothing else.
"""

import logging
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from stagekit.contract import HEADER_AUTHORIZATION
from stagework.web.auth.identity import Caller, Identities, Person, name_of
from stagework.web.auth.sign_ins import SignIns
from stagework.web.errors import ClusterUnavailable, ProblemError, bad_request

OPEN_PATHS: Final = frozenset({"/livez", "/readyz", "/board", "/board/"})
"""What answers without a proof: nothing but "I am here", and a page without data."""
OPEN_FOLDER: Final = "/board/assets/"
"""Likewise everything below: the page's scripts and style sheets."""
TICKETS_PATH: Final = "/v1/tickets"
"""Where a SignIn is the proof."""

PROTOCOL: Final = "stagework.v1"
"""What a WebSocket speaks; a browser that offers its token offers this, too."""
_TOKEN_PROTOCOL: Final = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - no secret

_log = logging.getLogger("stagework.web")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Authentication:
    """ASGI middleware that puts the caller into the request's state, or answers 401 or 403."""

    def __init__(self, app: App, identities: Identities, sign_ins: SignIns) -> None:
        self._app = app
        self._identities = identities
        self._sign_ins = sign_ins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass start and stop, and requests that are open or proved."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._websocket(scope, receive, send)
            return
        if not _is_readable(scope):
            unreadable = bad_request("the path is not UTF-8", "percent-encode the UTF-8 of names")
            await unreadable.response()(scope, receive, send)
            return
        if scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_FOLDER):
            await self._app(scope, receive, send)
            return
        log_line = _AccessLogLine(scope, send)
        try:
            caller = await self._caller(scope)
        except ProblemError as problem:
            await problem.response()(scope, receive, log_line.send)
        except ClusterUnavailable as error:
            await error.problem().response()(scope, receive, log_line.send)
        else:
            log_line.caller = name_of(caller)
            scope.setdefault("state", {})["caller"] = caller
            await self._app(scope, receive, log_line.send)
        finally:
            log_line.write()

    async def _caller(self, scope: Scope) -> Caller:
        headers, address = Headers(scope=scope), _address(scope)
        if scope["path"] == TICKETS_PATH:
            return Person(await self._sign_ins.user(_proof(headers, "signin"), address))
        return await self._identities.caller(_proof(headers, "bearer"), address)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refused before it is accepted: the client sees 403."""
        try:
            proof = _websocket_proof(scope)
            caller = await self._identities.caller(proof, _address(scope))
        except (ProblemError, ClusterUnavailable):
            await receive()  # its request to connect
            await send({"type": "websocket.close", "code": 1008})
            return
        _log.info("listens", extra={"path": scope["path"][:500], "caller": name_of(caller)})
        state = scope.setdefault("state", {})
        state["caller"] = caller
        # A connection may last longer than its token or ticket.
        state["caller_now"] = partial(self._identities.caller, proof, _address(scope))
        await self._app(scope, receive, send)


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


def _websocket_proof(scope: Scope) -> str:
    """In a header; or, from a browser, among the protocols, as Kubernetes has it."""
    proof = _proof(Headers(scope=scope), "bearer")
    offered = [str(word) for word in scope.get("subprotocols", [])]
    packed = next((word for word in offered if word.startswith(_TOKEN_PROTOCOL)), "")
    if proof or not packed:
        return proof
    encoded = packed.removeprefix(_TOKEN_PROTOCOL)
    try:
        return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""


def _is_readable(scope: Scope) -> bool:
    """Bytes that are no UTF-8 would all become the same character: two names would be one."""
    try:
        unquote_to_bytes(scope.get("raw_path") or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _address(scope: Scope) -> str:
    """Where the connection comes from: what a header says of that is not believed."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _proof(headers: Headers, wanted: str) -> str:
    header = headers.get(HEADER_AUTHORIZATION) or headers.get("Authorization") or ""
    scheme, _, proof = header.partition(" ")
    return proof.strip() if scheme.lower() == wanted else ""
