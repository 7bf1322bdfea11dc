"""How requests reach the API server: short exchanges over kept connections, watches over aiohttp.

Nothing is tried again here, except that a request refused for an old token is sent once more with a
new one.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from stagework.api.names import FIELD_MANAGER
from stagework.cluster.client.connection import Credentials, Target, ssl_context
from stagework.cluster.client.errors import Unauthorized, Unreachable, from_answer
from stagework.cluster.client.exchange import Exchanges
from stagework.cluster.client.paging import Lines
from stagework.cluster.client.paths import resource_of

REQUEST_SECONDS: Final = 15.0
"""Longest time of one request, watches apart."""
WATCH_SILENCE_SECONDS: Final = 75.0
"""A watch that brings no byte for so long is dead; bookmarks come about once a minute."""
POOL_SIZE: Final = 0
"""Not limited (0): workers and watches are. A line in aiohttp may end in time-outs."""
Params = Mapping[str, str]
# Ignore: our writes are made by typed code; the server need not look for unknown fields.
MANAGED: Final[Params] = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Ignore"}
MANAGED_QUERY: Final = f"?{urlencode(MANAGED)}"
# aiohttp raises a RuntimeError for a connection that `close` has taken away.
_NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, OSError, RuntimeError)


class RequestHooks(Protocol):
    """Whoever counts requests (metrics)."""

    def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request ended; `status` is 0 where no answer came."""
        ...


class Request(NamedTuple):
    """One short exchange."""

    verb: str
    path: str
    params: Params | None = None
    body: bytes | None = None
    content_type: str = ""
    timeout_seconds: float | None = None


class Transport:
    """Connections to one API server; `start` it and `close` it."""

    def __init__(
        self,
        target: Target,
        *,
        hooks: RequestHooks | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._credentials = Credentials(target)
        self._hooks = hooks
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._rng = rng
        self._watch_timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=timeout_seconds, sock_read=WATCH_SILENCE_SECONDS
        )
        self._exchanges: Exchanges | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connection pools (connections come with the first requests)."""
        if self._session is not None:
            return
        tls = await asyncio.to_thread(ssl_context, self._target)
        self._exchanges = Exchanges(
            self._target.server, tls, server_name=self._target.server_name, clock=self._clock
        )
        # For watches alone: few and long, nothing is to be saved there.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=POOL_SIZE, ssl=tls if tls is not None else True, keepalive_timeout=30
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": FIELD_MANAGER,
            },
            read_bufsize=2**18,
        )

    async def close(self) -> None:
        """Close all connections; running requests fail as `Unreachable`."""
        exchanges, session = self._exchanges, self._session
        self._exchanges = self._session = None
        if exchanges is not None:
            exchanges.close()
        if session is not None:
            await session.close()

    @property
    def server_time(self) -> datetime | None:
        """As `Exchanges.server_time`."""
        return self._exchanges.server_time if self._exchanges is not None else None

    async def watch(self, path: str, params: Params | None = None) -> AsyncGenerator[bytes, None]:
        """Changes from `params["resourceVersion"]` on, one raw JSON line each, with bookmarks.

        It ends after 4 to 5 minutes. Raises Gone where the version is too old at once, which
        comes as an ERROR line later. Raises Unreachable when the connection breaks or is silent for
        75 s. Use it within `contextlib.aclosing`.
        """
        lines, stream = Lines(), self.stream(path, _watch_params(params, self._rng()), verb="WATCH")
        async with contextlib.aclosing(stream) as chunks:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    yield line

    async def stream(
        self, path: str, params: Params | None = None, *, verb: str = "GET"
    ) -> AsyncGenerator[bytes, None]:
        """An answer in pieces as they come, such as a Pod's log; counted as `verb`."""
        proof, began, status = await self._proof(), self._clock(), 0
        try:
            async with self._watches().request(
                "GET",
                URL(f"{self._target.server}{_target(path, params)}", encoded=True),
                headers={"Authorization": proof} if proof else None,
                timeout=self._watch_timeout,
                server_hostname=self._target.server_name,
            ) as answer:
                status = answer.status
                self._count(verb, path, status, began)
                if status != HTTPStatus.OK:
                    body = await answer.read()
                    if status == HTTPStatus.UNAUTHORIZED:
                        await self._credentials.refresh()
                    raise from_answer(status, body, answer.headers.get("Retry-After"))
                async for chunk in answer.content.iter_any():
                    yield chunk
        except _NO_ANSWER as error:
            if not status:
                self._count(verb, path, 0, began)
            raise _unreachable(verb, path, error) from error

    async def send(self, request: Request) -> bytes:
        """The answer's body; raises ApiError."""
        try:
            return await self._once(request)
        except Unauthorized:
            # Refused before anything was done; the token may have been renewed meanwhile.
            if not await self._credentials.refresh():
                raise
        return await self._once(request)

    async def _once(self, request: Request) -> bytes:
        verb, path, params, body, content_type, seconds = request
        exchanges = self._exchanges
        if exchanges is None:
            raise Unreachable("the client is closed")
        lines = f"Authorization: {proof}\r\n" if (proof := await self._proof()) else ""
        lines += f"Content-Type: {content_type}\r\n" if body is not None else ""
        began = self._clock()
        status = 0
        try:
            answer = await exchanges.send(
                verb,
                _target(path, params),
                body=body,
                headers=lines,
                timeout_seconds=self._timeout_seconds if seconds is None else seconds,
            )
            status = answer.status
        except _NO_ANSWER as error:
            raise _unreachable(verb, path, error) from error
        finally:
            self._count(verb, path, status, began)
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return answer.body
        raise from_answer(status, answer.body, answer.retry_after)

    def _watches(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Unreachable("the client is closed")
        return self._session

    async def _proof(self) -> str | None:
        if self._credentials.due():
            await self._credentials.refresh()
        return self._credentials.header()

    def _count(self, verb: str, path: str, status: int, began: float) -> None:
        if self._hooks is not None:
            self._hooks.on_request(verb, resource_of(path), status, self._clock() - began)


def _watch_params(params: Params | None, fraction: float) -> Params:
    """Watches of one process end at different times: `fraction` is 0 to 1."""
    return {
        **(params or {}),
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(240 + int(60 * fraction)),
    }


def _target(path: str, params: Params | None) -> str:
    # Paths are made of names that the API server has checked: nothing to quote.
    if params is MANAGED:
        return f"{path}{MANAGED_QUERY}"
    return f"{path}?{urlencode(params, quote_via=quote)}" if params else path


def _unreachable(verb: str, path: str, error: BaseException) -> Unreachable:
    what = str(error) or type(error).__name__
    return Unreachable(f"{verb} {path}: no answer from the API server: {what}")
