"""A small server on loopback that shows the API service's board with the person's own rights.

The person's proof goes in on the way and stays in this process; the browser gets none. Who may
use it:
1. It listens on loopback alone, at a port of the system's choice, as long as the command runs.
2. Its addresses begin with a secret made anew each time: other users of this machine, and pages
   from elsewhere, do not know it.
3. `Host` must be ours (a foreign name that points to loopback is refused), `Origin` must be ours
   where it is sent, and what changes something must send it.
Only the board's own files and the routes below `/v1/` are passed on, their answers as they come.
"""

import hmac
import json
import secrets
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol, cast
from urllib.parse import unquote, urlsplit

from stagework.cli.cluster import Streamed, Upgraded
from stagework.cli.errors import ClusterUnreachable, CommandError
from stagework.cli.tunnel import pass_on

LOOPBACK: Final = "127.0.0.1"
OPEN: Final = ("/board/", "/v1/")
"""What is passed on: everything below."""
MOST_BODY: Final = 1024 * 1024
_SECRET_BYTES: Final = 24
_UP: Final = ("Accept", "Content-Type", "If-None-Match")
"""Headers of the browser's that the service gets; never its cookies or its proof."""
_LIVE: Final = "/live"
"""Live news come by WebSocket, from paths that end so; their bytes are passed on as they are."""
_UP_LIVE: Final = ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions")
_DOWN_LIVE: Final = ("Sec-WebSocket-Accept", "Sec-WebSocket-Extensions")
_UPGRADE: Final = {"Connection": "Upgrade", "Upgrade": "websocket"}
_DOWN: Final = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Security-Policy",
    "Content-Type",
    "Cross-Origin-Opener-Policy",
    "Date",
    "ETag",
    "Referrer-Policy",
    "X-Content-Type-Options",
)
"""Headers of the service's that the browser gets."""


class Upstream(Protocol):
    """The API service as the person sees it."""

    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractContextManager[Streamed]:
        """Its answer, whatever that is; raises CommandError where it cannot be asked."""
        ...

    def upgrade(self, target: str, headers: Mapping[str, str]) -> Upgraded:
        """Likewise, of a route that answers in another protocol."""
        ...

    def forget(self) -> None:
        """The proof is not taken any more: the next request needs a new one."""
        ...


class BoardProxy(ThreadingHTTPServer):
    """Listens once it is made; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, upstream: Upstream, port: int = 0) -> None:
        """Take the port; raises OSError where it is taken."""
        self.upstream = upstream
        self.secret = secrets.token_urlsafe(_SECRET_BYTES)
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_address[1]

    @property
    def address(self) -> str:
        """Of the board."""
        return f"http://{LOOPBACK}:{self.port}/{self.secret}/board/"

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which it answers."""
        return frozenset({f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"})

    @contextmanager
    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Generator[Streamed]:
        """Of the service; one that was started anew knows no ticket, and is asked with another."""
        with self.upstream.forward(method, target, headers, body) as answer:
            if answer.status != HTTPStatus.UNAUTHORIZED:
                yield answer
                return
        self.upstream.forget()
        with self.upstream.forward(method, target, headers, body) as answer:
            yield answer

    def target_of(self, path: str) -> str:
        """What is asked of the service, with its query; empty where nobody may ask that here."""
        secret, _, rest = path.removeprefix("/").partition("/")
        parts = urlsplit(f"/{rest}")
        is_ours = hmac.compare_digest(secret.encode(), self.secret.encode())
        # A path that would be read as another one behind us is nobody's.
        is_plain = ".." not in unquote(parts.path) and "//" not in parts.path
        return f"/{rest}" if is_ours and is_plain and parts.path.startswith(OPEN) else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _proxy(self) -> BoardProxy:
        return cast("BoardProxy", self.server)

    def do_GET(self) -> None:
        """Pass it on."""
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._connect()
        else:
            self._pass_on(None)

    def do_POST(self) -> None:
        """Pass it on with its body, which must come from our own page."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this is too large for the board")
            return
        self._pass_on(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: addresses have the secret in them."""

    def _pass_on(self, body: bytes | None) -> None:
        target = self._proxy.target_of(self.path)
        if not target or not self._is_ours(changes=body is not None):
            self._refuse(HTTPStatus.FORBIDDEN, "this address is not for you")
            return
        headers = {name: value for name in _UP if (value := self.headers.get(name))}
        try:
            with self._proxy.answer(self.command, target, headers, body) as answer:
                self._send_on(answer)
        except ClusterUnreachable as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, error.message, error.command)
        except CommandError as error:
            self._refuse(HTTPStatus.FORBIDDEN, error.message, error.command)

    def _send_on(self, answer: Streamed) -> None:
        """As it comes where its length is known: a file may be larger than memory."""
        known = {name.lower(): value for name, value in answer.headers.items()}
        kept = {name: known[name.lower()] for name in _DOWN if name.lower() in known}
        length = known.get("content-length", "")
        if answer.status == HTTPStatus.NOT_MODIFIED or not length.isdigit():
            self._send(answer.status, kept, b"".join(answer.pieces))
            return
        self._send_head(answer.status, {**kept, "Content-Length": length})
        left = int(length)
        # The head is sent: where it breaks off, on whichever side, the connection ends.
        with suppress(CommandError, OSError):
            for piece in answer.pieces:
                self.wfile.write(piece)
                left -= len(piece)
        if left:
            self.close_connection = True

    def _connect(self) -> None:
        """Live news, for our own page alone: a WebSocket of another site would be let through."""
        self.close_connection = True
        target = self._proxy.target_of(self.path)
        is_live = urlsplit(target).path.endswith(_LIVE)
        if not is_live or not self._is_ours(changes=True):
            self._refuse(HTTPStatus.FORBIDDEN, "this address is not for you")
            return
        headers = {name: value for name in _UP_LIVE if (value := self.headers.get(name))}
        try:
            begun = self._proxy.upstream.upgrade(target, {**headers, **_UPGRADE})
        except CommandError as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, error.message, error.command)
            return
        if begun.connection is None:
            self._refuse(HTTPStatus(begun.answer.status), "the service takes no live connection")
            return
        with begun.connection as connection, suppress(OSError):
            self._begin(begun)
            pass_on(self.connection, connection)

    def _begin(self, begun: Upgraded) -> None:
        known = {name.lower(): value for name, value in begun.answer.headers.items()}
        kept = {name: known[name.lower()] for name in _DOWN_LIVE if name.lower() in known}
        self.send_response_only(HTTPStatus.SWITCHING_PROTOCOLS)
        for name, value in {**_UPGRADE, **kept}.items():
            self.send_header(name, value)
        self.end_headers()
        self.connection.sendall(begun.first)

    def _is_ours(self, *, changes: bool) -> bool:
        origin = self.headers.get("Origin")
        ours = {f"http://{host}" for host in self._proxy.hosts}
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        return (
            self.headers.get("Host", "") in self._proxy.hosts
            and (origin in ours or (origin is None and not changes))
            and site in {"same-origin", "none"}
        )

    def _refuse(self, status: HTTPStatus, error: str, hint: str = "") -> None:
        self.close_connection = True  # its body may not have been read
        body = {"title": status.phrase, "status": status, "detail": error, "hint": hint}
        headers = {"Content-Type": "application/problem+json", "Connection": "close"}
        self._send(status, headers, json.dumps(body).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        if status == HTTPStatus.NOT_MODIFIED:
            self._send_head(status, headers)
            return
        self._send_head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
