"""An answer that holds for a moment, so that an open route cannot be made to ask in a loop."""

import asyncio
from collections.abc import Awaitable, Callable


class CachedProbe:
    """Asks at most once in `seconds`; who comes meanwhile waits for the same answer."""

    def __init__(
        self, probe: Callable[[], Awaitable[bool]], seconds: float, clock: Callable[[], float]
    ) -> None:
        self._probe = probe
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._expires = float("-inf")
        self._answer = False

    async def __call__(self) -> bool:
        """The answer, not older than `seconds`."""
        async with self._lock:
            if self._clock() >= self._expires:
                self._answer = await self._probe()
                self._expires = self._clock() + self._seconds
            return self._answer
