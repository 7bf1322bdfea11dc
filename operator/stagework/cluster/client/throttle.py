"""How fast we may write: a token bucket whose rate falls on 429 and recovers by itself.

The rate is halved when the server refuses (at most once a second: a burst of refusals is one
piece of news) and grows by a twentieth of the ceiling each second that sees success. Whoever
waits keeps his place; a Retry-After holds everybody up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

FLOOR_PER_SECOND: Final = 2.0
"""The rate never falls below this."""
LONGEST_PAUSE_SECONDS: Final = 30.0
"""A longer Retry-After is cut to this: the server may be well long before."""
DEFAULT_PAUSE_SECONDS: Final = 1.0
"""The pause after a refusal that does not say how long to wait."""


class Throttle:
    """Token bucket with additive increase and multiplicative decrease."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Allow `per_second` requests a second at best, `burst` (twice that) at once."""
        self._ceiling = per_second
        self._burst = max(1.0, burst if burst is not None else 2 * per_second)
        self._clock = clock
        self._sleep = sleep
        self._rate = per_second
        self._tokens = self._burst
        self._filled_at = clock()
        self._paused_until = float("-inf")
        self._changed_at = float("-inf")

    @property
    def per_second(self) -> float:
        """The rate at this moment."""
        return self._rate

    def wait_seconds(self) -> float:
        """How long one more request would have to wait now."""
        now = self._clock()
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._rate, self._paused_until - now)

    @property
    def recovered(self) -> bool:
        """Whether it holds nobody up any more than at first."""
        return self._rate >= self._ceiling and self._paused_until <= self._clock()

    async def take(self) -> None:
        """Wait until one more request may be sent."""
        now = self._clock()
        self._fill(now)
        # Taken at once, even below zero: a debt is a place in the queue.
        self._tokens -= 1.0
        wait = max(-self._tokens / self._rate, self._paused_until - now)
        while wait > 0:
            await self._sleep(wait)
            wait = self._paused_until - self._clock()

    def refused(self, retry_after_seconds: float | None = None) -> None:
        """The server said 429 (or 503 with Retry-After): slow down."""
        now = self._clock()
        asked = DEFAULT_PAUSE_SECONDS if retry_after_seconds is None else retry_after_seconds
        pause = min(asked, LONGEST_PAUSE_SECONDS)
        self._paused_until = max(self._paused_until, now + pause)
        if now - self._changed_at < 1.0:
            return
        self._fill(now)
        self._tokens = min(self._tokens, 0.0)
        self._rate = max(min(FLOOR_PER_SECOND, self._ceiling), self._rate / 2)
        self._changed_at = now

    def accepted(self) -> None:
        """A request went through: recover, a little each second."""
        if self._rate >= self._ceiling:
            return
        now = self._clock()
        if now - self._changed_at >= 1.0:
            self._fill(now)
            self._rate = min(self._ceiling, self._rate + self._ceiling / 20)
            self._changed_at = now

    def _fill(self, now: float) -> None:
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._filled_at = now
