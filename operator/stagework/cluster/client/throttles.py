"""Who has to wait when the API server refuses with 429: the namespace, or everybody.

A webhook or a quota of requests refuses what concerns one namespace; only an overloaded server
refuses all. A 429 does not say which. So it slows its own namespace down, and everybody only where
most of the namespaces that were written to lately were refused.

Nobody is kept waiting for long here: whoever waits has a worker, and the worker is everybody's.
What would have to wait longer is refused in the server's name, and tried again by its caller.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from stagework.cluster.client.errors import TooManyRequests
from stagework.cluster.client.throttle import Throttle

RECENT_SECONDS: Final = 10.0
"""For so long a namespace counts as written to, or refused."""
MOST: Final = 0.5
"""More than this share of the namespaces, and more than one: then it is the server."""
LONGEST_WAIT_SECONDS: Final = 15.0
"""Longest wait for one's place while everybody waits."""
NAMESPACE_WAIT_SECONDS: Final = 0.25
"""Longest wait where only the own namespace has to."""
MANY_NAMESPACES: Final = 256
"""With more than these noted, those that were not written to lately are dropped."""


class Throttles:
    """One throttle for all, and one more for each namespace that is being refused."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """As Throttle's, of which these are made."""
        self._new = lambda: Throttle(per_second, burst=burst, clock=clock, sleep=sleep)
        self._clock = clock
        self.common = self._new()
        """Of all namespaces together."""
        self._slowed: dict[str, Throttle] = {}
        self._accepted_at: dict[str, float] = {}
        self._refused_at: dict[str, float] = {}

    async def take(self, namespace: str) -> None:
        """Wait until one more request may be sent; raises TooManyRequests where it is long."""
        own = self._slowed.get(namespace)
        if own is not None:
            _limit_wait(own, NAMESPACE_WAIT_SECONDS)
        _limit_wait(self.common, LONGEST_WAIT_SECONDS)
        if own is not None:
            await own.take()
        await self.common.take()

    def refused(self, namespace: str, retry_after_seconds: float | None = None) -> None:
        """The server said 429 (or 503 with Retry-After) to a request of this namespace."""
        self._refused_at[namespace] = self._clock()
        own = self._slowed.setdefault(namespace, self._new())
        # Slower, not silent: it may be one object alone that is refused, and who asked for that
        # one waits as long as the server says by himself.
        own.refused(0.0)
        if self._concerns_everybody():
            self.common.refused(retry_after_seconds)

    def accepted(self, namespace: str) -> None:
        """A request went through."""
        if len(self._accepted_at) > MANY_NAMESPACES:
            self._drop_old()
        self._accepted_at[namespace] = self._clock()
        self.common.accepted()
        own = self._slowed.get(namespace)
        if own is not None:
            own.accepted()
            if own.recovered:
                del self._slowed[namespace]

    def _concerns_everybody(self) -> bool:
        self._drop_old()
        refused = len(self._refused_at)
        return refused > 1 and refused > MOST * len(self._refused_at.keys() | self._accepted_at)

    def _drop_old(self) -> None:
        oldest = self._clock() - RECENT_SECONDS
        self._refused_at = {n: at for n, at in self._refused_at.items() if at >= oldest}
        self._accepted_at = {n: at for n, at in self._accepted_at.items() if at >= oldest}


def _limit_wait(throttle: Throttle, seconds: float) -> None:
    wait = throttle.wait_seconds()
    if wait > seconds:
        raise TooManyRequests(
            f"the API server has asked for fewer requests: next one in {wait:.0f} s",
            retry_after_seconds=wait,
        )
