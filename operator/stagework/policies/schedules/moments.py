"""Which moment does a person's text mean? With an offset that one; without, in a time zone.

A time that clocks skip is the moment at which they do so (02:30 is 03:00 then), one that they show
twice is the first of the two: as with cron.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

LAST_YEAR: Final = 2099
"""No slot lies behind this year."""
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of that name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None  # OSError: the name of a folder of zones, such as `Europe`


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment in UTC, in whole seconds; None where there is no such date."""
    try:
        given = datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        return None
    moment = _of_zone(given, zone) if given.tzinfo is None else given.astimezone(UTC)
    return moment if moment < _END else None


def _of_zone(given: datetime, zone: ZoneInfo) -> datetime:
    local = given.replace(tzinfo=zone)
    while not _is_shown(local):
        # The first minute that clocks show again: they are set on whole minutes.
        local = (local.replace(tzinfo=None, second=0) + _MINUTE).replace(tzinfo=zone)
    return local.astimezone(UTC)


def _is_shown(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset, such as `2026-12-01T09:00:00+09:00`."""
    return moment.astimezone(zone).isoformat(timespec="seconds")
