"""Keys to be reconciled: each once however often it is named, never two workers on one key."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from stagework.controllers.agenda import Agenda

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
        self._agenda: Agenda[K] = Agenda()
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
        if self._agenda.put(key, self._clock() + max(0.0, seconds)):
            self._set_timer()

    def retry(self, key: K, *, first_seconds: float = 0.05, longest_seconds: float = 30.0) -> None:
        """Reconcile again after a pause that doubles with each failure in a row."""
        pause = self._agenda.pause_after_failure(key, first_seconds, longest_seconds)
        self.add_after(key, pause)

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key."""
        self._agenda.succeeded(key)

    def forget(self, key: K) -> None:
        """The object is gone: no date brings it round any more."""
        self._agenda.forget(key)

    async def get(self) -> K:
        """The next key; call `done` with it afterwards."""
        self._promote()
        key = await self._ready.get()
        self._running[key] = self._served_at = self._clock()
        self._waited = self._served_at - self._queued.pop(key)
        return key

    def progressed(self, key: K) -> None:
        """Its worker takes one more step: slow as the API server may be, it does not hang."""
        if key in self._running:
            self._running[key] = self._served_at = self._clock()

    def done(self, key: K) -> None:
        """The key was reconciled."""
        self._running.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def longest_reconcile_seconds(self) -> float:
        """How long the slowest worker has been at one step of its key; 0 where none is."""
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
        for key in self._agenda.take_due(self._clock()):
            self.add(key)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        earliest = self._agenda.earliest()
        if earliest is not None:
            wait = max(0.0, earliest - self._clock())
            self._timer = asyncio.get_running_loop().call_later(wait, self._promote_by_timer)

    def _promote_by_timer(self) -> None:
        self._timer = None
        self._promote()
        self._set_timer()
