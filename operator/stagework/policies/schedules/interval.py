"""Which slots has an interval? One every so many seconds from its first one on, for ever.

Seconds that really pass: no time zone and no clock that is set changes anything, and since each is
counted from the first one nothing drifts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from stagework.api.durations import short


@dataclass(frozen=True)
class IntervalTimes:
    """Slots at `anchor` and every `seconds` after it."""

    anchor: datetime
    seconds: int

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Slots after a moment, in order."""
        for number in count(self._passed(moment)):
            try:
                yield self.anchor + timedelta(seconds=number * self.seconds)
            except OverflowError:  # the end of the calendar
                return

    def count(self, after: datetime, until: datetime) -> int:
        """Slots after one moment, up to another one and with it."""
        return max(0, self._passed(until) - self._passed(after))

    def _passed(self, moment: datetime) -> int:
        """How many there are up to that moment, and with it."""
        return max(0, (moment - self.anchor) // timedelta(seconds=self.seconds) + 1)

    @property
    def text(self) -> str:
        """In short."""
        return f"every {short(self.seconds)}"

    @property
    def description(self) -> str:
        """As a sentence."""
        plural = "" if self.seconds == 1 else "s"
        return f"Every {self.seconds} second{plural}"
