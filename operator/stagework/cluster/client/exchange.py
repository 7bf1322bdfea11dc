"""Short exchanges with one HTTP/1.1 server: a request, its whole answer, a kept connection.

Every stage costs three writes, so this is the hot path: an exchange costs about a quarter of the
CPU that it costs aiohttp's client, which does far more than is needed here
(`python -m tests.bench exchange` prints both). The parsing is httptools', the transport uvloop's.

Nothing is ever sent twice: a connection that breaks raises OSError, and nobody knows then whether
the request was carried out. An answer must say where it ends: one that goes on until the
connection ends may have been cut, and counts as broken.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

import httptools

KEPT_SECONDS: Final = 30.0
"""An idle connection older than this is closed, well before the server would close it."""


class Answer(NamedTuple):
    """Status, `Retry-After` where the server sent one, and the body."""

    status: int
    retry_after: str | None
    body: bytes


class BrokenExchange(ConnectionError):  # noqa: N818 - an event of every network
    """The connection ended, or what came was no HTTP, before the answer was complete."""


class _Connection(asyncio.Protocol):
    """One connection; one exchange at a time. The parser calls the `on_` methods."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._pending: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []
        self._retry_after: str | None = None
        self.date = b""
        self._keep = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        return self._keep and self._transport is not None and not self._transport.is_closing()

    def exchange(self, request: bytes) -> "asyncio.Future[Answer]":
        """Send a request; the future brings the answer or BrokenExchange."""
        transport = self._transport
        # A closed transport swallows what is written, and calls nobody any more.
        if transport is None or transport.is_closing():
            raise BrokenExchange("the connection ended before the request was sent")
        pending = self._pending = asyncio.get_running_loop().create_future()
        self._keep = False
        transport.write(request)
        return pending

    def abort(self) -> None:
        """Give the connection up at once, with whatever is under way on it."""
        self._keep = False
        if self._transport is not None:
            self._transport.abort()
        self._fail(BrokenExchange("the connection was given up"))

    def time_out(self) -> None:
        """The exchange under way has taken too long."""
        self._fail(TimeoutError())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(BrokenExchange(f"the answer is not HTTP: {error}"))
            self.abort()

    def eof_received(self) -> None:
        self._keep = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep = False
        self._fail(BrokenExchange(str(exc) if exc else "the server closed the connection"))

    def on_message_begin(self) -> None:
        self._body = []
        self._retry_after = None
        if self._pending is None:
            # Nobody has asked (a server may say 408 to an idle connection): what begins here
            # must not be taken for the answer to the next request.
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == len(b"retry-after") and name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1").strip()
        elif len(name) == len(b"date") and name.lower() == b"date":
            self.date = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < HTTPStatus.OK:
            return  # 1xx: the answer is still to come
        pending, self._pending = self._pending, None
        if pending is None or pending.done():
            self.abort()
            return
        self._keep = self._parser.should_keep_alive()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        pending.set_result(Answer(status, self._retry_after, body))

    def _fail(self, error: Exception) -> None:
        pending, self._pending = self._pending, None
        if pending is not None and not pending.done():
            pending.set_exception(error)


class Exchanges:
    """A pool of connections to one server; as many as there are exchanges at once.

    Answers are asked for uncompressed: on a cluster's network packing costs more than it saves.
    """

    def __init__(
        self,
        server: str,
        tls: ssl.SSLContext | None,
        *,
        server_name: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`server` is a base URL; `server_name` is expected in its certificate, if another."""
        parts = urlsplit(server)
        self._host = parts.hostname or "localhost"
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._tls = tls or (ssl.create_default_context() if self._secure else None)
        self._server_name = (server_name or self._host) if self._secure else None
        self._fixed = (
            f"Host: {parts.netloc.rpartition('@')[2]}\r\n"
            "Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: stagework\r\n"
        )
        self._clock = clock
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._closed = False
        self._date = b""

    async def send(
        self,
        verb: str,
        target: str,
        *,
        body: bytes | None,
        headers: str,
        timeout_seconds: float,
    ) -> Answer:
        """One exchange. `target` is path and query; `headers` are lines that end in CRLF.

        Raises TimeoutError after `timeout_seconds` in all, OSError where there is no connection
        or it breaks, and after `close`.
        """
        length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
        head = f"{verb} {self._prefix}{target} HTTP/1.1\r\n{self._fixed}{headers}{length}\r\n"
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_seconds
        connection = self._take()
        if connection is None:
            async with asyncio.timeout_at(end):
                connection = await self._connect()
        self._busy.add(connection)
        # A timer of its own: asyncio.timeout, which may cancel anything, costs a multiple.
        timer = loop.call_at(end, connection.time_out)
        try:
            answer = await connection.exchange(head.encode("latin-1") + (body or b""))
        except BaseException:
            connection.abort()
            raise
        finally:
            timer.cancel()
            self._busy.discard(connection)
        self._date = connection.date
        if connection.usable:
            connection.idle_since = self._clock()
            self._idle.append(connection)
        else:
            connection.abort()
        return answer

    @property
    def server_time(self) -> datetime | None:
        """The server's clock (whole seconds) at its last answer; None where it says none."""
        try:
            return parsedate_to_datetime(self._date.decode("latin-1"))
        except ValueError:
            return None

    def close(self) -> None:
        """Give up all connections, for good; exchanges under way raise BrokenExchange."""
        self._closed = True
        for connection in (*self._busy, *self._idle):
            connection.abort()
        self._idle.clear()

    def _take(self) -> _Connection | None:
        """The connection that was used last: those that are not needed grow old and are closed."""
        oldest = self._clock() - KEPT_SECONDS
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.pop(0).abort()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> _Connection:
        if self._closed:
            raise BrokenExchange("the client is closed")
        _, connection = await asyncio.get_running_loop().create_connection(
            _Connection,
            self._host,
            self._port,
            ssl=self._tls if self._secure else None,
            server_hostname=self._server_name,
        )
        if self._closed:  # meanwhile
            connection.abort()
            raise BrokenExchange("the client was closed")
        return connection
