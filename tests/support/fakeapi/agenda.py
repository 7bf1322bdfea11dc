"""What the simulated components do next, a slice at a time so that HTTP gets its turn."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.support.fakeapi.failures import Failure

SLICE: Final = 100
"""Actions done before others get their turn on the loop."""
Action = Callable[[], None]


class Agenda:
    """Actions now (in order) or after some seconds. Needs a running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: deque[Action] = deque()
        self._timers: set[asyncio.TimerHandle] = set()
        self._awake = False
        self._closed = False

    def later(self, seconds: float, action: Action) -> None:
        """Do it after `seconds`; 0 means soon, in the order of the calls."""
        if self._closed:
            return
        if seconds <= 0:
            self._ready.append(action)
            self._wake()
            return

        def due() -> None:
            self._timers.discard(timer)
            self.later(0, action)

        timer = self._loop.call_later(seconds, due)
        self._timers.add(timer)

    def close(self) -> None:
        """Do nothing more."""
        self._closed = True
        self._ready.clear()
        for timer in self._timers:
            timer.cancel()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        self._awake = False
        for _ in range(min(SLICE, len(self._ready))):
            # An object that vanished in the meantime is no business of the action any more.
            with suppress(Failure):
                self._ready.popleft()()
        if self._ready:
            self._wake()
