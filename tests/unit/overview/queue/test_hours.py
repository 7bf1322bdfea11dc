"""The hours of a day, also of those days that have 23 or 25 of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagework.overview.queue.hours import midnight, window

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def labels(now: datetime, zone: str) -> list[str]:
    return [hour.label for hour in window(now, ZoneInfo(zone)).hours]


def test_the_last_hour_is_the_current_one_by_the_zones_clock() -> None:
    assert labels(utc("2026-11-03T05:30"), "Asia/Seoul")[-3:] == ["12:00", "13:00", "14:00"]


def test_a_zone_of_half_hours_has_its_own_hours() -> None:
    hours = window(utc("2026-11-03T05:30"), ZoneInfo("Asia/Kolkata")).hours

    assert hours[-1].label == "11:00"
    assert hours[-1].begin == utc("2026-11-03T05:30")


def test_where_the_clock_goes_forward_an_hour_is_left_out() -> None:
    assert labels(utc("2026-03-29T03:30"), "Europe/Berlin")[-4:] == [
        "01:00",
        "03:00",
        "04:00",
        "05:00",
    ]


def test_where_the_clock_goes_back_an_hour_comes_twice() -> None:
    shown = window(utc("2026-10-25T02:30"), BERLIN).hours

    assert [hour.label for hour in shown][-4:] == ["01:00", "02:00", "02:00", "03:00"]
    assert shown[-2].begin - shown[-3].begin == timedelta(hours=1)


def test_where_the_clock_goes_back_by_half_an_hour_no_moment_is_lost() -> None:
    shown = window(utc("2026-04-04T16:00"), ZoneInfo("Australia/Lord_Howe"))

    assert [hour.label for hour in shown.hours][-3:] == ["01:00", "01:00", "02:00"]
    assert shown.bucket(utc("2026-04-04T15:10")) == 22
    assert shown.bucket(utc("2026-04-04T14:50")) == 21


MIDNIGHTS = [
    ("2026-11-03T05:30", "Asia/Seoul", "2026-11-02T15:00"),
    ("2026-11-03T14:59", "Asia/Seoul", "2026-11-02T15:00"),
    ("2026-11-03T15:00", "Asia/Seoul", "2026-11-03T15:00"),
    ("2026-10-25T22:00", "Europe/Berlin", "2026-10-24T22:00"),
    # The clock goes from 24:00 to 01:00: that day begins with its one o'clock.
    ("2026-04-24T10:00", "Africa/Cairo", "2026-04-23T22:00"),
]


@pytest.mark.parametrize(("now", "zone", "begin"), MIDNIGHTS)
def test_today_begins_at_midnight_of_the_zone(now: str, zone: str, begin: str) -> None:
    assert midnight(utc(now), ZoneInfo(zone)) == utc(begin)


@settings(deadline=None, derandomize=True)
@given(
    minutes=st.integers(0, 366 * 24 * 60),
    zone=st.sampled_from(
        ["UTC", "Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]
    ),
)
def test_hours_follow_each_other_without_a_gap_whatever_the_day(minutes: int, zone: str) -> None:
    now = utc("2026-01-01T00:00") + timedelta(minutes=minutes)
    shown = window(now, ZoneInfo(zone))

    assert len(shown.hours) == 24
    for before, after in zip(shown.hours, shown.hours[1:], strict=False):
        assert timedelta(0) < after.begin - before.begin <= timedelta(hours=1)
    assert shown.bucket(now) == 23
    assert shown.bucket(shown.hours[0].begin) == 0
    assert shown.bucket(shown.hours[0].begin - timedelta(seconds=1)) is None
    assert shown.bucket(now + timedelta(seconds=1)) is None
