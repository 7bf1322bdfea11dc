"""Which slots has a cron expression? By Debian's rules where clocks are set.

Those are, of the library `cronsim`: an expression whose minute and hour both begin with no star
means a time of day. Where clocks skip it, it comes at once; where they show it twice, it comes the
first time alone. All others mean a rhythm and follow the hours that really pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_SOME_TIME: Final = datetime(2024, 1, 1, tzinfo=UTC)
COUNTED: Final = 10_000
"""So many slots are counted one by one; more are more than that."""


@dataclass(frozen=True)
class CronTimes:
    """Slots of a cron expression in a time zone; `fault_in` it has said that it is one."""

    expression: str
    zone: ZoneInfo

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Slots after a moment, in order."""
        last = moment
        try:
            for local in CronSim(self.expression, moment.astimezone(self.zone)):
                slot = local.astimezone(UTC)
                if slot > last:  # it goes by the clock on the wall, which may be behind
                    last = slot
                    yield slot
        except OverflowError:  # the end of the calendar
            return

    def count(self, after: datetime, until: datetime) -> int:
        """Slots after one moment, up to another one and with it; COUNTED at most."""
        slots = islice(self.after(after), COUNTED)
        return sum(1 for _ in _until(slots, until))

    @property
    def text(self) -> str:
        """As it was written."""
        return " ".join(self.expression.split())

    @property
    def description(self) -> str:
        """As a sentence."""
        return _explained(self.expression)


@lru_cache(maxsize=1024)
def fault_in(expression: str) -> str:
    """Why it is no cron expression, or can never come; empty where it is one."""
    try:
        next(CronSim(expression, _SOME_TIME))
    except CronSimError as error:
        return f"{error}".lower()
    except StopIteration:
        return "there is no such day"
    return ""


@lru_cache(maxsize=1024)
def _explained(expression: str) -> str:
    return CronSim(expression, _SOME_TIME).explain()


def _until(slots: Iterator[datetime], until: datetime) -> Iterator[datetime]:
    for slot in slots:
        if slot > until:
            return
        yield slot
