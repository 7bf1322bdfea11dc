"""Which slots has one date? That one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class OneDate:
    """A single slot."""

    moment: datetime
    zone: ZoneInfo

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Slots after a moment."""
        if self.moment > moment:
            yield self.moment

    def count(self, after: datetime, until: datetime) -> int:
        """Slots after one moment, up to another one and with it."""
        return int(after < self.moment <= until)

    @property
    def text(self) -> str:
        """In short."""
        return f"at {self.moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    @property
    def description(self) -> str:
        """As a sentence."""
        return f"Once, at {self.moment.astimezone(self.zone):%H:%M:%S on %A, %d %B %Y}"
