"""Leadership: at most one operator acts, by a Lease of coordination.k8s.io.

`run()` stands by, leads, and stands by again when leadership is lost. A Lease does not fence:
a write sent late can still arrive. So whoever writes asks `fresh()` right before (KubeApi's
guard), and every write carries a version, a uid or a name that makes a late one harmless.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.leadership import (
    RENEW_DEADLINE_SECONDS,
    RETRY_SECONDS,
    Acquire,
    SeenLease,
    Wait,
    held_by,
    judge,
    released,
    see,
)
from stagework.cluster.lease_object import StoredLease
from stagework.cluster.steady_clock import SteadyClock
from stagework.wall_clock import wall_clock

FRESH_SECONDS: Final = 10.0
"""Writes need a renewal that is at most this old."""
REQUEST_SECONDS: Final = 4.0
"""A request about the Lease that takes longer is given up and tried again."""

UNREACHABLE_SECONDS: Final = 30.0
"""Without any answer about the Lease for so long the API server counts as out of reach."""

OnProblem = Callable[[str, Exception], None]
"""Told in a sentence what went wrong; the Lease is tried again by itself."""


class NotLeading(Exception):  # noqa: N818 - a state of things, not a failure
    """A write was stopped because leadership is not certain at this moment."""


def boot_time() -> float:
    """Seconds since boot; goes on while the machine or the process is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Our part in the contest for one Lease. Start it with `run()`."""

    def __init__(
        self,
        api: KubeApi,
        *,
        namespace: str,
        name: str,
        identity: str,
        on_started: Callable[[], None] | None = None,
        on_stopped: Callable[[], None] | None = None,
        on_problem: OnProblem | None = None,
        clock: Callable[[], float] = boot_time,
        time_of_day: SteadyClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`identity` must be another one after each start (Pod name and a random part).

        `on_started` and `on_stopped` alternate and must be quick; `on_stopped` comes when the
        last renewal is `RENEW_DEADLINE_SECONDS` old, or on stop, before the Lease is released.
        `time_of_day` goes on by the last leader's clock from when we lead, before `on_started`.
        """
        self._stored = StoredLease(api, namespace, name)
        self._name = name
        self._identity = identity
        self._on_started = on_started
        self._on_stopped = on_stopped
        self._on_problem = on_problem
        self._clock = clock
        self._time_of_day = time_of_day or SteadyClock(wall_clock, clock)
        self._sleep = sleep
        self._seen: SeenLease | None = None
        self._renewed_at = float("-inf")
        self._answered_at = self._answering_since = clock()
        self._held = False
        self.acquired = asyncio.Event()
        """Set while we lead."""

    @property
    def held(self) -> bool:
        """Whether we lead, as of the last step; a writer asks `fresh()` instead."""
        return self._held

    @property
    def holder(self) -> str:
        """Who leads as far as we have seen; empty where nobody does."""
        lease = self._seen.lease if self._seen else None
        return (lease.spec.holder_identity if lease else None) or ""

    def answering_seconds(self) -> float:
        """For how long the API server has been answering about the Lease; 0: it does not now."""
        now = self._clock()
        quiet = now - self._answered_at > UNREACHABLE_SECONDS
        return 0.0 if quiet else now - self._answering_since

    def fresh(self, within_seconds: float = FRESH_SECONDS) -> bool:
        """Whether we lead and a renewal *sent* within this time was confirmed."""
        return self._held and self._clock() - self._renewed_at <= within_seconds

    def guard(self) -> None:
        """Raise NotLeading unless `fresh()`; made for KubeApi's `guard`."""
        if not self.fresh():
            raise NotLeading(f"{self._identity} has not renewed {self._name} in time")

    async def run(self) -> None:
        """Contend for the Lease until cancelled; then stop leading and release it."""
        try:
            while True:
                await self.step()
                await self._sleep(RETRY_SECONDS)
        finally:
            held = self._held
            self._stop()
            if held:
                await self._release()

    async def step(self) -> None:
        """Read the Lease once, and do what follows from it; `run` does this every 2 s."""
        try:
            # A few seconds at most, so that the deadline below is judged in time.
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._contend()
            self._answered()
        except TimeoutError as error:
            self._forget()
            self._problem("no answer in time", error)
        except (ApiError, msgspec.DecodeError) as error:
            self._forget()
            self._problem("could not be read or written", error)
        if self._held and self._clock() - self._renewed_at > RENEW_DEADLINE_SECONDS:
            self._stop()

    async def _contend(self) -> None:
        # While we hold it we know its version and renew without reading it.
        if not self._held or self._seen is None:
            lease = await self._stored.read()
            self._seen = see(self._seen, lease, self._clock(), existed=self._stored.existed)
        sent_at, known = self._clock(), self._seen.lease
        verdict = judge(self._seen, sent_at, identity=self._identity)
        if isinstance(verdict, Wait):
            self._stop()
            return
        if isinstance(verdict, Acquire):
            self._stored.resume(self._time_of_day)
        spec = held_by(known, self._identity, self._time_of_day())
        written = await self._stored.write(known, spec, self._time_of_day.boot_note)
        self._seen = SeenLease(written, self._clock())
        self._renewed_at = sent_at
        self._start()

    def _answered(self) -> None:
        now = self._clock()
        if now - self._answered_at > UNREACHABLE_SECONDS:
            self._answering_since = now
        self._answered_at = now

    def _forget(self) -> None:
        # Our write may have been done: only reading the Lease can tell. What another's Lease
        # was like stays known, or its clock would start again with each failure.
        if self._held:
            self._seen = None

    def _start(self) -> None:
        if not self._held:
            self._held = True
            self.acquired.set()
            if self._on_started is not None:
                self._on_started()

    def _stop(self) -> None:
        if self._held:
            self._held = False
            self.acquired.clear()
            if self._on_stopped is not None:
                self._on_stopped()

    async def _release(self) -> None:
        lease = self._seen.lease if self._seen else None
        if lease is None or lease.spec.holder_identity != self._identity:
            return
        # Nothing depends on it: another takes over 15 s later anyway.
        with contextlib.suppress(ApiError, TimeoutError, msgspec.DecodeError):
            async with asyncio.timeout(REQUEST_SECONDS):
                spec = released(lease, self._time_of_day())
                await self._stored.write(lease, spec, self._time_of_day.boot_note)

    def _problem(self, sentence: str, error: Exception) -> None:
        if self._on_problem is not None:
            self._on_problem(f"Lease {self._name} {sentence}", error)
