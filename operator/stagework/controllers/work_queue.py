"""Keys to be reconciled: each once however often it is named, never two workers on one key."""

import asyncio
import heapq
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """A set of keys in order of arrival, with delays and back-off; clock in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ready: asyncio.Queue[K] = asyncio.Queue()  # wakes one worker a key
        self._queued: dict[K, float] = {}
        self._waited = 0.0
        self._served_at = clock()
        self._running: dict[K, float] = {}
        self._again: set[K] = set()
        self._delayed: list[tuple[float, int, K]] = []
        self._due: dict[K, float] = {}
        self._count = 0
        self._failures: dict[K, int] = {}
        self._timer: asyncio.TimerHandle | None = None  # one, for the earliest date

    def add(self, key: K) -> None:
        """The key must be reconciled; while a worker is at it: once more after."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._queued:
            self._queued[key] = self._clock()
            if self._ready.empty():
                self._served_at = self._queued[key]
            self._ready.put_nowait(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Reconcile the key in so many seconds; an earlier date stands."""
        due = self._clock() + max(0.0, seconds)
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        self._count += 1
        heapq.heappush(self._delayed, (due, self._count, key))
        if self._delayed[0][1] == self._count:
            self._set_timer()

    def retry(self, key: K, *, first_seconds: float = 0.05, longest_seconds: float = 30.0) -> None:
        """Reconcile again after a pause that doubles with each failure in a row."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, min(longest_seconds, first_seconds * 2.0 ** min(failures - 1, 20)))

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key; call `done` with it afterwards."""
        self._promote()
        key = await self._ready.get()
        self._running[key] = self._served_at = self._clock()
        self._waited = self._served_at - self._queued.pop(key)
        return key

    def done(self, key: K) -> None:
        """The key was reconciled."""
        self._running.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def longest_reconcile_seconds(self) -> float:
        """How long the slowest worker has been at its key; 0 where none is."""
        now = self._clock()
        return max((now - began for began in self._running.values()), default=0.0)

    def serve(self) -> None:
        """Workers come from now on: what waited before does not count as their delay."""
        self._served_at = self._clock()
        self._queued = dict.fromkeys(self._queued, self._served_at)

    def unserved_seconds(self) -> float:
        """How long keys have waited without any worker taking one; 0 where none waits."""
        return 0.0 if self._ready.empty() else self._clock() - self._served_at

    def latency_seconds(self) -> float:
        """How long the key that was taken last had waited for a worker."""
        return self._waited

    def __len__(self) -> int:
        """Keys that wait to be reconciled now."""
        return self._ready.qsize()

    def _promote(self) -> None:
        now = self._clock()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, key = heapq.heappop(self._delayed)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait = max(0.0, self._delayed[0][0] - self._clock())
        self._timer = asyncio.get_running_loop().call_later(wait, self._promote_by_timer)

    def _promote_by_timer(self) -> None:
        self._timer = None
        self._promote()
        if self._delayed:
            self._set_timer()
