"""Slots of intervals and dates, between a start and an end; what a schedule cannot say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stagework.policies.schedules.timetable import NoTimetable, timetable_of
from tests.support.builders.schedules import CREATED, make_schedule, make_timetable

HOUR = {"intervalSeconds": 3600}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


INTERVALS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "from its creation on, the first one an interval later": (
        {},
        "2026-01-01T00:00",
        ["2026-01-01T01:00", "2026-01-01T02:00"],
    ),
    "between two": ({}, "2026-01-01T05:20", ["2026-01-01T06:00", "2026-01-01T07:00"]),
    "from a start on, that being the first": (
        {"startTime": "2026-01-02T00:30:00Z"},
        "2026-01-01T00:00",
        ["2026-01-02T00:30", "2026-01-02T01:30"],
    ),
    "a start in the past sets the minute": (
        {"startTime": "2020-06-01T00:17:00Z"},
        "2026-01-01T00:00",
        ["2026-01-01T00:17", "2026-01-01T01:17"],
    ),
    "clocks go forward in Berlin": (
        {"timeZone": "Europe/Berlin"},
        "2026-03-29T00:10",
        ["2026-03-29T01:00", "2026-03-29T02:00", "2026-03-29T03:00"],
    ),
    "clocks go back in Berlin": (
        {"timeZone": "Europe/Berlin"},
        "2026-10-25T00:10",
        ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00"],
    ),
    "up to an end": (
        {"endTime": "2026-01-01T02:00:00Z"},
        "2026-01-01T00:00",
        ["2026-01-01T01:00", "2026-01-01T02:00"],
    ),
}


@pytest.mark.parametrize("row", INTERVALS)
def test_an_interval(row: str) -> None:
    spec, after, wanted = INTERVALS[row]
    table = make_timetable(HOUR, **spec)
    slots = table.upcoming(utc(after), 3 if len(wanted) == 3 or "endTime" in spec else 2)
    assert slots == [utc(slot) for slot in wanted]
    assert table.count(utc(after), utc(wanted[-1])) == len(wanted)


def test_an_interval_never_drifts() -> None:
    table = make_timetable({"intervalSeconds": 7})
    later = CREATED + timedelta(days=365)
    slot = table.next_after(later)
    assert slot is not None
    assert (slot - CREATED).total_seconds() % 7 == 0
    assert table.count(CREATED, later) == 365 * 86400 // 7


DATES: dict[str, tuple[str, str, str]] = {
    "with an offset": ("2026-12-01T09:00:00+09:00", "Europe/Berlin", "2026-12-01T00:00"),
    "in UTC": ("2026-12-01T09:00:00Z", "Asia/Seoul", "2026-12-01T09:00"),
    "without an offset": ("2026-12-01T09:00:00", "Asia/Seoul", "2026-12-01T00:00"),
    "without seconds": ("2026-12-01 09:00", "Asia/Seoul", "2026-12-01T00:00"),
    "with parts of a second": ("2026-12-01T09:00:00.5", "UTC", "2026-12-01T09:00"),
    "skipped by the clocks": ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:00"),
    "skipped by half an hour": ("2026-10-04T02:10:00", "Australia/Lord_Howe", "2026-10-03T15:30"),
    "shown twice": ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30"),
    "the second of both": ("2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25T01:30"),
}


@pytest.mark.parametrize("row", DATES)
def test_one_date(row: str) -> None:
    text, zone, wanted = DATES[row]
    table = make_timetable({"at": text}, timeZone=zone)
    assert table.upcoming(CREATED, 2) == [utc(wanted)]
    assert table.next_after(utc(wanted)) is None
    assert table.count(CREATED, utc(wanted)) == 1


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an unknown zone": (HOUR, {"timeZone": "Mars/Base"}, "timeZone: there is no zone 'Mars/Base'"),
    "a folder of zones": (HOUR, {"timeZone": "Europe"}, "timeZone: there is no zone 'Europe'"),
    "a path": (HOUR, {"timeZone": "/etc/passwd"}, "timeZone"),
    "no such day": ({"at": "2026-02-30T00:00:00Z"}, {}, "at: there is no date"),
    "no date at all": ({"at": "tomorrow or later"}, {}, "at: there is no date"),
    "the year 9999": ({"at": "9999-12-31T23:59:59Z"}, {}, "at: there is no date"),
    "an end before the start": (
        HOUR,
        {"startTime": "2026-01-02T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"},
        "endTime is before startTime",
    ),
    "no cron expression": ({"cron": "60 0 * * *"}, {}, "bad minute"),
    "a day that never comes": ({"cron": "0 0 31 2 *"}, {}, "bad day-of-month"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_what_has_no_slots_says_what_to_change(row: str) -> None:
    when, spec, sentence = REFUSED[row]
    answer = timetable_of(make_schedule(when, **spec).spec, CREATED)
    assert isinstance(answer, NoTimetable)
    assert sentence in answer.sentence


def test_the_newest_slots_are_found_without_walking() -> None:
    table = make_timetable({"intervalSeconds": 1})
    until = CREATED + timedelta(days=3650)
    assert table.newest(CREATED, until, 3) == [until - timedelta(seconds=n) for n in (2, 1, 0)]
    yearly = make_timetable({"cron": "0 0 1 1 *"})
    assert yearly.newest(CREATED, until, 1) == [utc("2036-01-01")] or until < utc("2036-01-01")
    assert table.newest(CREATED, CREATED, 1) == []


def test_texts() -> None:
    assert make_timetable({"intervalSeconds": 300}).times.text == "every 5m"
    date = make_timetable({"at": "2026-12-01T09:00:00"}, timeZone="Asia/Seoul")
    assert date.times.text == "at 2026-12-01 09:00"
    assert date.times.description == "Once, at 09:00:00 on Tuesday, 01 December 2026"
