"""The self-fence: a stage that nobody can hear ends itself before somebody replaces it.

The operator may start a second attempt of a stage when its node and its heartbeats have been
silent for 90 s. An attempt that is cut off must therefore have ended by then: after 40 s without
any answer. The clock counts suspended time too, so a machine that slept fences at once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stagekit import contract

_TICK_SECONDS: Final = 1.0


def boot_seconds() -> float:
    """Seconds since boot, time in suspend included where the system can say so."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Fence:
    """Knows when the last answer came; says when the silence is too long."""

    def __init__(
        self,
        limit_seconds: float = contract.FENCE_SECONDS,
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        self._limit = limit_seconds
        self._clock = clock
        self._last = clock()

    def contact(self) -> None:
        """Somebody answered, whatever the answer was."""
        self._last = self._clock()

    def silence(self) -> float:
        """Seconds since the last answer."""
        return self._clock() - self._last

    def is_lost(self) -> bool:
        """True when the silence has lasted `limit_seconds`."""
        return self.silence() >= self._limit


class Watch(threading.Thread):
    """Looks at the fence every second, in a thread that never touches the network.

    A request can hang for minutes (a name that does not resolve); this thread cannot. It also
    touches the liveness file, so a probe sees a stagekit that no longer judges.
    """

    def __init__(
        self,
        fence: Fence | None,
        on_lost: Callable[[float], None],
        alive_file: str,
        tick_seconds: float = _TICK_SECONDS,
    ) -> None:
        super().__init__(name="stagekit-watch", daemon=True)
        self._fence = fence
        self._on_lost = on_lost
        self._alive_file = alive_file
        self._tick = tick_seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        """Judge every tick until stopped; the alive file is touched at every tenth."""
        ticks = 0
        while not self._stopped.is_set():
            if self._fence is not None and self._fence.is_lost():
                self._on_lost(self._fence.silence())
                return
            if ticks % contract.HEARTBEAT_SECONDS == 0:
                touch(self._alive_file)
            ticks += 1
            self._stopped.wait(self._tick)

    def stop(self) -> None:
        """End the thread; returns at once."""
        self._stopped.set()


def touch(path: str) -> None:
    """Renew a file's time; a full or read-only disk is not worth failing for."""
    with contextlib.suppress(OSError):
        Path(path).write_bytes(b"")
