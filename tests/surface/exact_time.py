"""Virtual time that two recordings share to the nanosecond: no real time ever enters it."""

from datetime import UTC, datetime
from typing import Final

from tests.support.operators.timescale import VirtualTime

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Times are told relative to it."""
_OFFSET_MICROSECONDS: Final = 437_000
"""Waits are whole multiples of 0.05 s: none ends where the cluster's seconds change."""


class ExactTime(VirtualTime):
    """As VirtualTime, from the same moment each time."""

    def __init__(self) -> None:
        super().__init__(START.replace(microsecond=_OFFSET_MICROSECONDS))

    def passed(self) -> int:
        """Whole seconds since START."""
        return int((self.wall_clock() - START).total_seconds())
