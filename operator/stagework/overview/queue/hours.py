"""The hours and the day that counts belong to, in the board's time zone.

A bucket is an hour as that zone's clock shows it. Where the clock is put back an hour comes twice,
with the same label; where it is put forward one is left out. So 24 buckets are 24 hours of the
clock, whatever the day, and no moment is in two of them or in none.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

BUCKETS: Final = 24
"""So many hours are shown, the current one included."""
RECENT: Final = timedelta(hours=1)
"""What `done_1h` and `created_1h` count."""
LATELY: Final = timedelta(minutes=15)
"""A machine that has done something within this time is active."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One bucket."""

    begin: datetime
    """In UTC."""
    label: str
    """`HH:00` by the zone's clock."""


@dataclass(frozen=True, slots=True)
class Window:
    """The moments that counts begin at, as of one `now`."""

    now: datetime
    hour_ago: datetime
    midnight: datetime
    """When today began."""
    hours: tuple[Hour, ...]
    """The oldest first."""
    begins: tuple[datetime, ...]
    """When each of them began."""

    def bucket(self, moment: datetime) -> int | None:
        """Which hour a moment is in; None before the first one or after now."""
        if moment > self.now:
            return None
        place = bisect_right(self.begins, moment) - 1
        return place if place >= 0 else None

    def recent(self, moment: datetime) -> bool:
        """Whether it lies in the last 60 minutes."""
        return self.hour_ago < moment <= self.now

    def today(self, moment: datetime) -> bool:
        """Whether it lies in today."""
        return self.midnight <= moment <= self.now


def window(now: datetime, zone: tzinfo) -> Window:
    """The hours and the day up to `now`."""
    utc = now.astimezone(UTC)
    hours = _hours(utc, zone)
    begins = tuple(hour.begin for hour in hours)
    return Window(utc, utc - RECENT, midnight(utc, zone), hours, begins)


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the zone's present day began, in UTC; where the clock skips 00:00, the moment it did."""
    day = now.astimezone(zone).date()
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _hours(now: datetime, zone: tzinfo) -> tuple[Hour, ...]:
    found: list[Hour] = []
    moment = now
    while len(found) < BUCKETS:
        begin = _hour_begin(moment, zone)
        found.append(Hour(begin, f"{begin.astimezone(zone):%H}:00"))
        moment = begin - timedelta(microseconds=1)
    return tuple(reversed(found))


def _hour_begin(moment: datetime, zone: tzinfo) -> datetime:
    """When the hour that the zone's clock shows at this moment began."""
    local = moment.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    begin = moment - past
    # Some zones put their clocks on by less than an hour: then an hour begins with that.
    while begin.astimezone(zone).utcoffset() != local.utcoffset():
        begin += timedelta(minutes=1)
    return begin
