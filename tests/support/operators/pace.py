"""Time that runs faster: an event loop and clocks at `speed` times the real pace.

Everything that waits (leases, watches, back-offs, time-outs) keeps its real number of seconds and
takes a fraction of it. Only computing takes as long as ever: too high a speed makes the machine
look slow to the operator. Processes that share `epoch` and `speed` share the time.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from stagework.cluster.lease import boot_time
from stagework.controllers.clocks import Clocks

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self._speed if timeout else timeout)


class PacedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        super().__init__(_Selector(speed))

    def time(self) -> float:
        return time.monotonic() * self._speed


@dataclass(frozen=True)
class Pace:
    """How fast time runs; `epoch`: when (real Unix time) the fast day began."""

    speed: float
    epoch: float

    @classmethod
    def of(cls, speed: float) -> "Pace":
        return cls(speed, time.time())

    def wall(self) -> datetime:
        passed = (time.time() - self.epoch) * self.speed
        return datetime.fromtimestamp(self.epoch + passed, UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def clocks(self) -> Clocks:
        return Clocks(self.monotonic, lambda: boot_time() * self.speed, self.wall)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine at this pace (each in a loop of its own)."""
        with asyncio.Runner(loop_factory=lambda: PacedLoop(self.speed)) as runner:
            return runner.run(main)
