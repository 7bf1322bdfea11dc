"""Time of a world within one event loop: it jumps while everybody waits.

Everything that waits (leases, watches, back-offs, time-outs) keeps its number of seconds and takes
none. While anything computes time stands still, so a busy machine changes nothing. `sharedtime` is
for worlds of several processes.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from stagework.controllers.clocks import Clocks
from tests.support.operators.memorynet import MemoryNetworkLoop

T = TypeVar("T")

VIRTUAL_SPEED: Final = 1000.0
"""So much faster does time pass while everybody waits, where real sockets are waited for."""
_OF_THE_LOOP: Final = 1
"""Files that the loop itself waits for."""
_BEGAN: Final = 1000.0
TICK_SECONDS: Final = time.get_clock_info("monotonic").resolution
"""asyncio takes two moments for the same that are no further apart."""


class _Waiting(selectors.DefaultSelector):
    """Time passes in here alone: while the loop has nothing to do, and never past its next timer.

    Where there are real sockets each wait is a real one, a thousandth as long: what is on its way
    through the kernel arrives.
    """

    def __init__(self, virtual_time: "VirtualTime") -> None:
        super().__init__()
        self._virtual_time = virtual_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        real = len(self.get_map()) > _OF_THE_LOOP
        if timeout is None or timeout <= 0:
            return super().select(timeout) if real or timeout is None else []
        if not real:
            self._virtual_time.seconds += timeout
            return super().select(0)
        began = time.monotonic()
        ready = super().select(timeout / VIRTUAL_SPEED)
        waited = (time.monotonic() - began) * VIRTUAL_SPEED
        self._virtual_time.seconds += min(waited, timeout) if ready else timeout
        return ready


class ThreadlessLoop(asyncio.SelectorEventLoop):
    """Threads would bring real time in: what is meant for one is done on the spot."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            done.set_exception(error)
        return done


class _VirtualLoop(ThreadlessLoop, MemoryNetworkLoop):
    def __init__(self, virtual_time: "VirtualTime") -> None:
        self._virtual_time = virtual_time
        super().__init__(_Waiting(virtual_time))

    def time(self) -> float:
        return self._virtual_time.monotonic()


class VirtualTime:
    """A world's own time: it jumps while everybody waits, and stands still while anybody works."""

    def __init__(self, began: datetime | None = None) -> None:
        """`began`: the time of day; that of whoever waits for it, where absent."""
        self.seconds = 0.0
        """Passed so far."""
        self.operators_ahead = 0.0
        """By so many seconds are the operators' machines ahead of the API server's."""
        self._epoch = began or datetime.now(UTC)

    def wall_clock(self) -> datetime:
        return self._epoch + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """The time; each reading of it takes as long as asyncio may call a timer too early.

        Otherwise whoever waits for the rest of that would keep time still for ever.
        """
        self.seconds += TICK_SECONDS
        return _BEGAN + self.seconds

    def jump(self, seconds: float) -> None:
        """All clocks that tell the time of day are set; what counts seconds goes on."""
        self._epoch += timedelta(seconds=seconds)

    def clocks(self) -> Clocks:
        return Clocks(self.monotonic, self.monotonic, self._operators_wall_clock)

    def _operators_wall_clock(self) -> datetime:
        return self.wall_clock() + timedelta(seconds=self.operators_ahead)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)
