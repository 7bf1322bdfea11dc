"""The one client of the API server: bytes in, bytes out; watches apart from short exchanges.

Reads (`get`, `list_pages`) are tried again a few times where the network or the server fails.
Writes are not: after `Unreachable` or `ServerError` nobody knows whether they were done, and the
caller decides again from what is there. Nor is a 429 waited out here: it slows down what follows,
and the caller, whose other writes may go through, comes again.

Order of a write: its place in the throttle, then the guard (leadership: the wait may have been
long), then the request.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from stagework.cluster.client.connection import Target
from stagework.cluster.client.errors import (
    ApiError,
    Gone,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from stagework.cluster.client.paging import next_page
from stagework.cluster.client.paths import namespace_of
from stagework.cluster.client.throttles import Throttles
from stagework.cluster.client.transport import (
    MANAGED,
    REQUEST_SECONDS,
    Params,
    Request,
    RequestHooks,
    Transport,
)

MERGE_PATCH: Final = "application/merge-patch+json"
"""Fields given replace fields there; null deletes; lists are replaced whole."""
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
"""Built-in kinds only: lists merge by key, `$patch: delete` takes an element out."""

READ_TRIES: Final = 4
"""How often a read is sent before its error is raised."""


class Reader:
    """Reads and watches; what fails for a moment is read again a few times."""

    def __init__(
        self,
        transport: Transport,
        sleep: Callable[[float], Awaitable[None]],
        rng: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._sleep = sleep
        self._rng = rng

    @property
    def server_time(self) -> datetime | None:
        """The API server's clock (whole seconds) at its last answer; None where it says none."""
        return self._transport.server_time

    async def get(
        self, path: str, params: Params | None = None, *, timeout_seconds: float | None = None
    ) -> bytes:
        """One object (or whatever the path is); raises ApiError after a few tries."""
        request = Request("GET", path, params, timeout_seconds=timeout_seconds)
        for tries in range(1, READ_TRIES):
            try:
                return await self._transport.send(request)
            except (Unreachable, ServerError, TooManyRequests) as error:
                await self._sleep(self._pause(tries, error))
        return await self._transport.send(request)

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

    def watch(self, path: str, params: Params | None = None) -> AsyncGenerator[bytes, None]:
        """Changes from `params["resourceVersion"]` on, see `Transport.watch`."""
        return self._transport.watch(path, params)

    def stream(self, path: str, params: Params | None = None) -> AsyncGenerator[bytes, None]:
        """Whatever the path is, in pieces as they come, see `Transport.stream`."""
        return self._transport.stream(path, params)

    def _pause(self, tries: int, error: ApiError) -> float:
        asked = min(error.retry_after_seconds or 0.0, 30.0)
        return asked + 0.2 * 2.0 ** (tries - 1) * (0.5 + self._rng())


class KubeApi(Reader):
    """Requests to one API server. `async with` it, or call `start` and `close`.

    `guard` is called right before every write that is not `urgent`, and raises to stop it.
    """

    def __init__(
        self,
        target: Target,
        *,
        throttles: Throttles | None = None,
        guard: Callable[[], None] | None = None,
        hooks: RequestHooks | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        transport = Transport(
            target, hooks=hooks, timeout_seconds=timeout_seconds, clock=clock, rng=rng
        )
        super().__init__(transport, sleep, rng)
        self._throttles = throttles or Throttles(200)
        self._guard = guard

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
        await self._transport.start()

    async def close(self) -> None:
        """Close all connections; running requests fail as `Unreachable`."""
        await self._transport.close()

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
            asked = {**params, **MANAGED} if params else MANAGED
        request = Request(verb, path, asked, body, content_type, timeout_seconds)
        namespace = namespace_of(path)
        if not urgent:
            await self._throttles.take(namespace)
            if self._guard is not None:
                self._guard()
        try:
            answer = await self._transport.send(request)
        except TooManyRequests as error:
            self._throttles.refused(namespace, error.retry_after_seconds)
            raise
        except ServerError as error:
            if error.retry_after_seconds is not None:
                self._throttles.refused(namespace, error.retry_after_seconds)
            raise
        self._throttles.accepted(namespace)
        return answer
