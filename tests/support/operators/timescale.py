"""Time that runs faster: event loops and clocks at another speed than the real one.

Everything that waits (leases, watches, back-offs, time-outs) keeps its real number of seconds and
takes a fraction of it. `VirtualTime` is for worlds within one loop: its time stands still while
anything computes, so a busy machine changes nothing. `TimeScale` is for worlds of several
processes: those that share `epoch` and `speed` share the time, and too high a speed makes the
machine look slow.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from stagework.cluster.lease import boot_time
from stagework.controllers.clocks import Clocks

T = TypeVar("T")

VIRTUAL_SPEED: Final = 1000.0
"""So much faster does time pass while everybody waits."""
TICK_SECONDS: Final = time.get_clock_info("monotonic").resolution
"""asyncio takes two moments for the same that are no further apart."""


class _Selector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self._speed if timeout else timeout)


class ScaledLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        super().__init__(_Selector(speed))

    def time(self) -> float:
        return time.monotonic() * self._speed


@dataclass(frozen=True)
class TimeScale:
    """How fast time runs; `epoch`: when (real Unix time) the fast day began."""

    speed: float
    epoch: float

    @classmethod
    def of(cls, speed: float) -> "TimeScale":
        return cls(speed, time.time())

    def wall(self) -> datetime:
        passed = (time.time() - self.epoch) * self.speed
        return datetime.fromtimestamp(self.epoch + passed, UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def clocks(self) -> Clocks:
        return Clocks(self.monotonic, lambda: boot_time() * self.speed, self.wall)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine at this timescale (each in a loop of its own)."""
        with asyncio.Runner(loop_factory=lambda: ScaledLoop(self.speed)) as runner:
            return runner.run(main)


class _Waiting(selectors.DefaultSelector):
    """Time passes in here alone: while the loop has nothing to do, and never past its next timer.

    Each wait is a real one, a thousandth as long: what is on its way through the kernel arrives.
    """

    def __init__(self, virtual_time: "VirtualTime") -> None:
        super().__init__()
        self._leap = virtual_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not timeout or timeout < 0:
            return super().select(timeout)
        began = time.monotonic()
        ready = super().select(timeout / VIRTUAL_SPEED)
        waited = (time.monotonic() - began) * VIRTUAL_SPEED
        self._leap.seconds += min(waited, timeout) if ready else timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, virtual_time: "VirtualTime") -> None:
        self._leap = virtual_time
        super().__init__(_Waiting(virtual_time))

    def time(self) -> float:
        return self._leap.monotonic()


class VirtualTime:
    """A world's own time: it jumps while everybody waits, and stands still while anybody works."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Passed so far."""
        self._began = time.monotonic()
        self._epoch = datetime.now(UTC)

    def wall(self) -> datetime:
        return self._epoch + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """The time; each look at it takes as long as asyncio may call a timer too early.

        Otherwise whoever waits for the rest of that would keep time still for ever.
        """
        self.seconds += TICK_SECONDS
        return self._began + self.seconds

    def clocks(self) -> Clocks:
        return Clocks(self.monotonic, self.monotonic, self.wall)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)
