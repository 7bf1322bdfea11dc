"""The clocks of one operator, handed to every part of it: tests run them faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from stagework.cluster.lease import boot_time
from stagework.wall_clock import wall_clock


@dataclass(frozen=True)
class Clocks:
    """All of them advance at the pace of the event loop's own clock."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for delays and waits."""
    boot: Callable[[], float] = boot_time
    """Seconds since boot, for the Lease: goes on while the machine sleeps."""
    wall_clock: Callable[[], datetime] = wall_clock
    """This machine's time of day: where a process starts from; decisions have a steadier one."""
