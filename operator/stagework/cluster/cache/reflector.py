"""Keeps one store like the API server's objects of one path and selection.

In this order: list everything in pages, watch from the list's version, and when the watch ends
go on from the last version seen; when that is too old (410), list again and compare with the
store, so that changes that no watch brought are still reported. The store is never emptied: while
we are blind it is old, not empty.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic

import msgspec

from stagework.cluster.cache.feed import Feed, OnChange
from stagework.cluster.cache.lister import PAGE_SIZE, Lister
from stagework.cluster.cache.store import IndexOf, OnProblem, Store
from stagework.cluster.cache.watch_lag import WatchLag
from stagework.cluster.client.errors import ApiError, Gone, Unreachable
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import T

SILENCE_SECONDS: Final = 70.0
"""A watch without event or bookmark for so long is given up; bookmarks come once a minute."""
RESYNC_PAGE_SIZE: Final = 100
"""Objects in a page of a resync: nothing else happens while a page is taken in."""
RESYNC_PAUSE_SECONDS: Final = 0.05
"""Between two pages of a resync: decisions come first, nobody waits for a resync."""
FIRST_PAUSE_SECONDS: Final = 0.2
"""First pause after a failure; doubles up to `LONGEST_PAUSE_SECONDS`."""
LONGEST_PAUSE_SECONDS: Final = 15.0
"""So that we are back well within a minute after the API server is."""
RELIST_AFTER_FAILURES: Final = 4
"""So many failed watches in a row, and the version we resume from is no longer trusted."""
BREATH_EVENTS: Final = 200
"""After so many events others get their turn on the loop."""


class Reflector(Generic[T]):
    """A live store of the objects of one path and selection. Start it with `run()`."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        kind: type[T],
        on_change: OnChange[T],
        *,
        params: Mapping[str, str] | None = None,
        indexes: Mapping[str, IndexOf[T]] | None = None,
        on_problem: OnProblem | None = None,
        silence_seconds: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        """Follow `path` (a collection); `params` may select (labelSelector, fieldSelector)."""
        self._api = api
        self._path = path
        self._params = dict(params or {})
        self.store: Store[T] = Store(indexes, on_problem)
        self.lag = WatchLag(clock)
        self.feed = Feed(
            path, kind, self.store, on_change=on_change, on_problem=on_problem, lag=self.lag
        )
        self._lister = Lister(api, path, self._params, self.feed, sleep)
        self._silence_seconds = silence_seconds
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._must_list = True
        self._failures = 0
        self._contact_at = clock()
        self.synced = asyncio.Event()
        """Set when the first full list is in the store; never cleared."""

    def last_contact_seconds(self) -> float:
        """Seconds since the server last told us anything (event, bookmark, full list)."""
        return self._clock() - self._contact_at

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                if self._must_list:
                    await self.relist()
                    self._contact_at = self._clock()
                await self._watch()
            except Gone as error:
                self._must_list = True
                # Once is usual after a long silence; again and again must not become a storm.
                await self._recover(error, at_once=self._failures == 0)
            except (ApiError, msgspec.DecodeError) as error:
                self.feed.problem(f"{self._path}: list or watch failed", error)
                await self._recover(error)
            else:
                self._failures = 0
                # The server ends each watch after some minutes; not everybody at once.
                await self._sleep(0.1 * self._rng())

    async def resync(self) -> None:
        """Do what `relist` does, without haste."""
        await self.relist(page_size=RESYNC_PAGE_SIZE, pause_seconds=RESYNC_PAUSE_SECONDS)

    async def relist(self, *, page_size: int = PAGE_SIZE, pause_seconds: float = 0.0) -> None:
        """List everything and report what differs from the store; pauses are between pages.

        May be called at any time, also while the watch runs: versions tell what is newer.
        Raises ApiError, also where the server's answer is older than what it has told us before.
        """
        await self._lister.list_all(page_size, pause_seconds, owes=self.synced.is_set())
        self._must_list = False
        self.synced.set()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        params = {**self._params, "resourceVersion": self.feed.version}
        count = 0
        began = alive_at = self._clock()
        try:
            async with (
                asyncio.timeout(self._silence_seconds) as silence,
                contextlib.aclosing(self._api.watch(self._path, params)) as lines,
            ):
                async for line in lines:
                    self.feed.take_line(line)
                    self._failures = 0
                    now = self._contact_at = self._clock()
                    if now - alive_at > self._silence_seconds / 50:
                        alive_at = now
                        silence.reschedule(loop.time() + self._silence_seconds)
                    count += 1
                    if count % BREATH_EVENTS == 0:
                        await asyncio.sleep(0)
        except TimeoutError as error:
            # Events may be lost; and a version from before a restored backup is silent for ever.
            self._must_list = True
            raise Unreachable(f"the watch was silent for {self._silence_seconds} s") from error
        if not count and self._clock() - began < 1.0:
            raise Unreachable("the watch ended as soon as it had begun")

    async def _recover(
        self, error: ApiError | msgspec.DecodeError, *, at_once: bool = False
    ) -> None:
        self._failures += 1
        if at_once:
            return
        if self._failures >= RELIST_AFTER_FAILURES and not isinstance(error, Unreachable):
            self._must_list = True
        pause = FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10)
        asked = (error.retry_after_seconds if isinstance(error, ApiError) else None) or 0.0
        await self._sleep(min(max(pause, asked), LONGEST_PAUSE_SECONDS) * (0.5 + 0.5 * self._rng()))
