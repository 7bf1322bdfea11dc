"""The one client of the API server: bytes in, bytes out; watches apart from short exchanges.

Reads (`get`, `list_pages`) are tried again a few times where the network or the server fails.
Writes are not: after `Unreachable` or `ServerError` nobody knows whether they were done, and the
caller plans again from what is there. Only a 429, which says that nothing was done, is waited
out and sent again.

Order of a write: its place in the throttle, then the guard (leadership: the wait may have been
long), then the request.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from stagework.api.names import FIELD_MANAGER
from stagework.cluster.client.connection import Credentials, Target, ssl_context
from stagework.cluster.client.errors import (
    ApiError,
    Gone,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    from_answer,
)
from stagework.cluster.client.exchange import Exchanges
from stagework.cluster.cache.paging import Lines, next_page
from stagework.cluster.client.paths import resource_of
from stagework.cluster.client.throttle import Throttle

MERGE_PATCH: Final = "application/merge-patch+json"
"""Fields given replace fields there; null deletes; lists are replaced whole."""
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
"""Built-in kinds only: lists merge by key, `$patch: delete` takes an element out."""
JSON_PATCH: Final = "application/json-patch+json"
"""A list of operations, with `test`."""
APPLY_PATCH: Final = "application/apply-patch+yaml"
"""Server-side apply; dearer for the server, only for objects shared with people."""

REQUEST_SECONDS: Final = 15.0
"""Longest time of one request, watches apart."""
WATCH_SILENCE_SECONDS: Final = 75.0
"""A watch that brings no byte for so long is dead; bookmarks come about once a minute."""
POOL_SIZE: Final = 0
"""Not limited (0): workers and watches are. A line in aiohttp may end in time-outs."""
READ_TRIES: Final = 4
"""How often a read is sent before its error is raised."""
REFUSED_TRIES: Final = 4
"""How often a write that got 429 is sent before the error is raised."""

Params = Mapping[str, str]
# Ignore: our writes are made by typed code; the server need not look for unknown fields.
_MANAGED: Final[Params] = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Ignore"}
_MANAGED_QUERY: Final = f"?{urlencode(_MANAGED)}"
# aiohttp raises a RuntimeError for a connection that `close` has taken away.
_NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, OSError, RuntimeError)


class RequestHooks(Protocol):
    """Whoever counts requests (metrics)."""

    def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request ended; `status` is 0 where no answer came."""
        ...


class _Request(NamedTuple):
    verb: str
    path: str
    params: Params | None = None
    body: bytes | None = None
    content_type: str = ""
    timeout_seconds: float | None = None


class KubeApi:
    """Requests to one API server. `async with` it, or call `start` and `close`.

    `guard` is called right before every write that is not `urgent`, and raises to stop it.
    """

    def __init__(
        self,
        target: Target,
        *,
        throttle: Throttle | None = None,
        guard: Callable[[], None] | None = None,
        hooks: RequestHooks | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._credentials = Credentials(target)
        self._throttle = throttle or Throttle(200)
        self._guard = guard
        self._hooks = hooks
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._exchanges: Exchanges | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the connection pools (connections come with the first requests)."""
        if self._session is not None:
            return
        tls = await asyncio.to_thread(ssl_context, self._target)
        self._exchanges = Exchanges(
            self._target.server, tls, server_name=self._target.server_name, clock=self._clock
        )
        # For watches alone: they are few and long, nothing is to be saved there.
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
        exchanges, self._exchanges = self._exchanges, None
        if exchanges is not None:
            exchanges.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(
        self, path: str, params: Params | None = None, *, timeout_seconds: float | None = None
    ) -> bytes:
        """One object (or whatever the path is); raises ApiError after a few tries."""
        request = _Request("GET", path, params, timeout_seconds=timeout_seconds)
        for tries in range(1, READ_TRIES):
            try:
                return await self._send(request)
            except (Unreachable, ServerError, TooManyRequests) as error:
                await self._sleep(self._pause(tries, error))
        return await self._send(request)

    async def list_pages(
        self,
        path: str,
        params: Params | None = None,
        limit: int = 500,
        *,
        on_restart: Callable[[], None] | None = None,
    ) -> AsyncIterator[bytes]:
        """A list in pages of `limit` objects, all of one and the same resourceVersion.

        Where the server forgets the list between two pages (410), the list begins anew, after
        `on_restart` was called: what came before belongs to another list and must not be counted.
        Without `on_restart` Gone is raised. `resourceVersion` should not be in `params`: with 0
        the server ignores `limit` and may answer from an old cache.
        """
        token = ""
        restarts = 0
        while True:
            asked = {**(params or {}), "limit": str(limit)}
            if token:
                asked["continue"] = token
            try:
                body = await self.get(path, asked)
            except Gone:
                restarts += 1
                if not token or on_restart is None or restarts >= READ_TRIES:
                    raise
                token = ""
                on_restart()
                continue
            token = next_page(body)
            yield body
            if not token:
                return

    async def watch(self, path: str, params: Params | None = None) -> AsyncGenerator[bytes, None]:
        """Changes from `params["resourceVersion"]` on, one raw JSON line each, with bookmarks.

        Ends by itself after 4 to 5 minutes (the server closes it). Raises Gone where the version
        is too old at once; within the stream that comes as an ERROR line. Raises Unreachable when
        the connection breaks or is silent for 75 s. Nothing is tried again here. Use it within
        `contextlib.aclosing` so that the connection is given up at once.
        """
        asked = {
            **(params or {}),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(240 + int(60 * self._rng())),
        }
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timeout_seconds, sock_read=WATCH_SILENCE_SECONDS
        )
        proof = await self._proof()
        began = self._clock()
        status = 0
        try:
            async with self._watches().request(
                "GET",
                URL(f"{self._target.server}{_target(path, asked)}", encoded=True),
                headers={"Authorization": proof} if proof else None,
                timeout=timeout,
                server_hostname=self._target.server_name,
            ) as answer:
                status = answer.status
                self._count("WATCH", path, status, began)
                if status != HTTPStatus.OK:
                    body = await answer.read()
                    if status == HTTPStatus.UNAUTHORIZED:
                        await self._credentials.refresh()
                    raise from_answer(status, body, answer.headers.get("Retry-After"))
                lines = Lines()
                async for chunk in answer.content.iter_any():
                    for line in lines.feed(chunk):
                        yield line
        except _NO_ANSWER as error:
            if not status:
                self._count("WATCH", path, 0, began)
            raise _unreachable("WATCH", path, error) from error

    async def create(
        self, path: str, body: bytes, params: Params | None = None, *, urgent: bool = False
    ) -> bytes:
        """POST to a collection; raises AlreadyExists where the name is taken."""
        return await self._write("POST", path, body, params, urgent=urgent)

    async def patch(
        self,
        path: str,
        body: bytes,
        content_type: str = MERGE_PATCH,
        params: Params | None = None,
        *,
        urgent: bool = False,
    ) -> bytes:
        """Patch an object; raises Conflict where a resourceVersion or uid given is not current."""
        return await self._write("PATCH", path, body, params, content_type, urgent=urgent)

    async def put(
        self,
        path: str,
        body: bytes,
        params: Params | None = None,
        *,
        urgent: bool = False,
        timeout_seconds: float | None = None,
    ) -> bytes:
        """Replace an object; raises Conflict where its resourceVersion is not current."""
        return await self._write(
            "PUT", path, body, params, urgent=urgent, timeout_seconds=timeout_seconds
        )

    async def delete(
        self,
        path: str,
        body: bytes | None = None,
        params: Params | None = None,
        *,
        urgent: bool = False,
    ) -> bytes:
        """Delete an object; `body` is a DeleteOptions (preconditions, propagationPolicy).

        A Job deleted without a propagationPolicy leaves its Pods behind: that is batch/v1's
        own default.
        """
        return await self._write("DELETE", path, body, params, urgent=urgent)

    async def _write(
        self,
        verb: str,
        path: str,
        body: bytes | None,
        params: Params | None,
        content_type: str = "application/json",
        *,
        urgent: bool,
        timeout_seconds: float | None = None,
    ) -> bytes:
        asked = params
        if verb != "DELETE":
            asked = {**params, **_MANAGED} if params else _MANAGED
        request = _Request(verb, path, asked, body, content_type, timeout_seconds)
        for tries in range(1, REFUSED_TRIES + 1):
            if not urgent:
                await self._throttle.take()
                if self._guard is not None:
                    self._guard()
            try:
                answer = await self._send(request)
            except TooManyRequests as error:
                self._throttle.refused(error.retry_after_seconds)
                if urgent or tries == REFUSED_TRIES:
                    raise
            except ServerError as error:
                if error.retry_after_seconds is not None:
                    self._throttle.refused(error.retry_after_seconds)
                raise
            else:
                self._throttle.accepted()
                return answer
        raise AssertionError("the last try returns or raises")

    async def _send(self, request: _Request) -> bytes:
        try:
            return await self._once(request)
        except Unauthorized:
            # Refused before anything was done; the token may have been renewed meanwhile.
            if not await self._credentials.refresh():
                raise
        return await self._once(request)

    async def _once(self, request: _Request) -> bytes:
        verb, path, params, body, content_type, seconds = request
        exchanges = self._exchanges
        if exchanges is None:
            raise Unreachable("the client is closed")
        lines = f"Authorization: {proof}\r\n" if (proof := await self._proof()) else ""
        if body is not None:
            lines += f"Content-Type: {content_type}\r\n"
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

    def _pause(self, tries: int, error: ApiError) -> float:
        asked = min(error.retry_after_seconds or 0.0, 30.0)
        return asked + 0.2 * 2.0 ** (tries - 1) * (0.5 + self._rng())


def _target(path: str, params: Params | None) -> str:
    # Paths are made of names that the API server has checked: nothing to quote.
    if params is _MANAGED:
        return f"{path}{_MANAGED_QUERY}"
    return f"{path}?{urlencode(params, quote_via=quote)}" if params else path


def _unreachable(verb: str, path: str, error: BaseException) -> Unreachable:
    what = str(error) or type(error).__name__
    return Unreachable(f"{verb} {path}: no answer from the API server: {what}")
