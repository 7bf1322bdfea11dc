"""An answer that holds for a moment, so that an open route cannot be made to ask in a loop."""

import asyncio
from collections.abc import Awaitable, Callable


class Remembered:
    """Asks at most once in `seconds`; who comes meanwhile waits for the same answer."""

    def __init__(
        self, ask: Callable[[], Awaitable[bool]], seconds: float, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._until = float("-inf")
        self._answer = False

    async def __call__(self) -> bool:
        """The answer, not older than `seconds`."""
        async with self._lock:
            if self._clock() >= self._until:
                self._answer = await self._ask()
                self._until = self._clock() + self._seconds
            return self._answer
