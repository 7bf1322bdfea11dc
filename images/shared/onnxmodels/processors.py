"""How many processors a stage's container may use."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Where the kernel tells a container its CPU limit: microseconds of each period, or `max`."""
WITHOUT_LIMIT: Final = 2
"""A stage without a limit gets a share of its machine; more threads would only fight for it."""


def usable(quota: Path = QUOTA) -> int:
    """The container's CPU limit, rounded up; at least one, at most what the machine has."""
    there = len(os.sched_getaffinity(0))
    return max(1, min(there, _limit(quota)))


def _limit(quota: Path) -> int:
    try:
        most, period = quota.read_text(encoding="ascii").split()
        return math.ceil(int(most) / int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or `max`
        return WITHOUT_LIMIT
