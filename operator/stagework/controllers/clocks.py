"""The clocks of one operator, handed to every part of it: tests run them faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from stagework import wiring
from stagework.cluster.lease import boot_time


@dataclass(frozen=True)
class Clocks:
    """All of them advance at the pace of the event loop's own clock."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for delays and waits."""
    boot: Callable[[], float] = boot_time
    """Seconds since boot, for the Lease: goes on while the machine sleeps."""
    wall: Callable[[], datetime] = wiring.wall_clock
    """The time of day, compared with times that the cluster writes."""
