"""Which slots has a schedule as it is written, between its start and its end?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from stagework.api.scheduledjob import ScheduledJobSpec
from stagework.policies.schedules.cron import CronTimes, fault_in
from stagework.policies.schedules.interval import IntervalTimes
from stagework.policies.schedules.moments import moment_of, zone_named
from stagework.policies.schedules.one_date import OneDate

_JUST_BEFORE: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Timetable:
    """Slots between two dates, which count."""

    times: CronTimes | IntervalTimes | OneDate
    zone: ZoneInfo
    start: datetime | None = None
    end: datetime | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Slots after a moment, in order."""
        for slot in self.times.after(self._from(moment)):
            if self.end is not None and slot > self.end:
                return
            yield slot

    def next_after(self, moment: datetime) -> datetime | None:
        """The first slot after a moment; None: there is none any more."""
        return next(self.after(moment), None)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """So many slots after a moment, or as many as there are."""
        return list(islice(self.after(moment), count))

    def count(self, after: datetime, until: datetime) -> int:
        """Slots after one moment, up to another one and with it; of very many a lower number."""
        until = until if self.end is None else min(until, self.end)
        return self.times.count(self._from(after), until)

    def newest(self, after: datetime, until: datetime, count: int) -> list[datetime]:
        """The last so many slots of that time, in order, without walking through all of it."""
        seconds = 60
        while True:
            begin = max(after, until - timedelta(seconds=seconds))
            slots: list[datetime] = []
            for slot in self.after(begin):
                if slot > until:
                    break
                slots.append(slot)
            if len(slots) >= count or begin == after:
                return slots[-count:]
            seconds *= 4

    def _from(self, moment: datetime) -> datetime:
        return moment if self.start is None else max(moment, self.start - _JUST_BEFORE)


@dataclass(frozen=True)
class NoTimetable:
    """It has no slots as it is written: what to change."""

    sentence: str


def timetable_of(spec: ScheduledJobSpec, created: datetime) -> Timetable | NoTimetable:
    """The slots of a schedule; an interval without a start counts from its creation, whose own
    moment is no slot.
    """
    zone = zone_named(spec.timeZone)
    if zone is None:
        return NoTimetable(
            f"timeZone: there is no zone {spec.timeZone!r}: write its IANA name, such as"
            " Europe/Berlin or UTC"
        )
    dates: dict[str, datetime | None] = {}
    written = {"startTime": spec.startTime, "endTime": spec.endTime, "at": spec.schedule.at}
    for name, text in written.items():
        moment = dates[name] = None if text is None else moment_of(text, zone)
        if text is not None and moment is None:
            return NoTimetable(
                f"{name}: there is no date {text!r}: write it as 2026-12-01T09:00:00+09:00"
            )
    start, end, at = dates["startTime"], dates["endTime"], dates["at"]
    if start is not None and end is not None and end < start:
        return NoTimetable("endTime is before startTime: no slot can come; correct one of them")
    times = _times(spec, zone, start, created, at)
    return times if isinstance(times, NoTimetable) else Timetable(times, zone, start, end)


def _times(
    spec: ScheduledJobSpec,
    zone: ZoneInfo,
    start: datetime | None,
    created: datetime,
    at: datetime | None,
) -> CronTimes | IntervalTimes | OneDate | NoTimetable:
    when = spec.schedule
    if when.intervalSeconds is not None:
        every = when.intervalSeconds
        first = created.replace(microsecond=0) + timedelta(seconds=every)
        return IntervalTimes(start or first, every)
    if at is not None:
        return OneDate(at, zone)
    expression = when.cron or ""
    fault = fault_in(expression)
    if fault:
        return NoTimetable(
            f"schedule.cron: {expression!r} never comes: {fault}; five fields are wanted, such as"
            " `0 2 * * 1-5`"
        )
    return CronTimes(expression, zone)
