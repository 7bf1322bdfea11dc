"""Virtual time that two recordings share to the nanosecond: no real time ever enters it."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from tests.support.operators.timescale import ThreadlessLoop, VirtualTime

T = TypeVar("T")

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Times are told relative to it."""
_OFFSET_MICROSECONDS: Final = 437_000
"""Waits are whole multiples of 0.05 s: none ends where the cluster's seconds change."""
_GRACE_SECONDS: Final = 0.0002
"""Real time for what is on its way through the loopback interface; mostly it is there at once."""


class _Waiting(selectors.DefaultSelector):
    """Time passes where nothing arrives alone, and then by the whole wait."""

    def __init__(self, clock: "ExactTime") -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            time.sleep(_GRACE_SECONDS)  # epoll knows nothing shorter than a millisecond
            ready = super().select(0)
        if not ready:
            self._clock.seconds += timeout
        return ready


class _ExactLoop(ThreadlessLoop):
    def __init__(self, clock: "ExactTime") -> None:
        self._exact = clock
        super().__init__(_Waiting(clock))

    def time(self) -> float:
        return self._exact.monotonic()


class ExactTime(VirtualTime):
    """As VirtualTime, from the same moment each time."""

    def __init__(self) -> None:
        super().__init__()
        self._began = 1000.0
        self._epoch = START.replace(microsecond=_OFFSET_MICROSECONDS)

    def passed(self) -> int:
        """Whole seconds since START."""
        return int((self.wall_clock() - START).total_seconds())

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: _ExactLoop(self)) as runner:
            return runner.run(main)
