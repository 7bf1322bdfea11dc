"""Each row: an expression, a time zone, a local time, and the slots that follow it.

The rows of clock changes are the rule of `docs/schedules.md`: a time of day that clocks skip comes
at once, one that they show twice comes the first time; what has a star for minute or hour follows
the hours that really pass.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hack.devcluster.paths import ROOT
from stagework.policies.schedules.cron import CronTimes, fault_in
from stagework.policies.schedules.moments import zone_named

BERLIN, NEW_YORK, SAO_PAULO = "Europe/Berlin", "America/New_York", "America/Sao_Paulo"
LORD_HOWE, SEOUL = "Australia/Lord_Howe", "Asia/Seoul"

CLOCK_CHANGES = {
    "Berlin, spring: a skipped time comes at once": (
        *("30 2 * * *", BERLIN, "2026-03-27T12:00"),
        ["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
    ),
    "Berlin, spring: two skipped times are one": (
        *("10,40 2 * * *", BERLIN, "2026-03-28T12:00"),
        ["2026-03-29T03:00+02:00", "2026-03-30T02:10+02:00", "2026-03-30T02:40+02:00"],
    ),
    "Berlin, spring: the hour before and after": (
        *("0 1,3 * * *", BERLIN, "2026-03-29T00:00"),
        ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00", "2026-03-30T01:00+02:00"],
    ),
    "Berlin, spring: a rhythm goes on": (
        *("*/30 * * * *", BERLIN, "2026-03-29T01:00"),
        ["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
    ),
    "Berlin, autumn: a repeated time comes once": (
        *("30 2 * * *", BERLIN, "2026-10-24T12:00"),
        ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00", "2026-10-27T02:30+01:00"],
    ),
    "Berlin, autumn: a rhythm goes on": (
        *("*/30 * * * *", BERLIN, "2026-10-25T01:45"),
        [
            *("2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00"),
            *("2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00", "2026-10-25T03:00+01:00"),
        ],
    ),
    "Berlin, autumn: each hour": (
        *("0 * * * *", BERLIN, "2026-10-25T01:30"),
        ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"],
    ),
    "New York, spring": (
        *("15 2 * * *", NEW_YORK, "2026-03-07T12:00"),
        ["2026-03-08T03:00-04:00", "2026-03-09T02:15-04:00"],
    ),
    "New York, autumn": (
        *("15 1 * * *", NEW_YORK, "2026-10-31T12:00"),
        ["2026-11-01T01:15-04:00", "2026-11-02T01:15-05:00"],
    ),
    "Sao Paulo, when it began at midnight: the day began at one": (
        *("0 0 * * *", SAO_PAULO, "2018-11-03T00:00"),
        ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
    ),
    "Sao Paulo, when it ended at midnight: 23:30 came twice": (
        *("30 23 * * *", SAO_PAULO, "2018-02-16T12:00"),
        ["2018-02-16T23:30-02:00", "2018-02-17T23:30-02:00", "2018-02-18T23:30-03:00"],
    ),
    "Sao Paulo today": (
        *("0 0 * * *", SAO_PAULO, "2026-11-01T12:00"),
        ["2026-11-02T00:00-03:00", "2026-11-03T00:00-03:00"],
    ),
    "Lord Howe, spring: half an hour is skipped": (
        *("15 2 * * *", LORD_HOWE, "2026-10-03T12:00"),
        ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
    ),
    "Lord Howe, autumn: half an hour comes twice": (
        *("45 1 * * *", LORD_HOWE, "2026-04-04T12:00"),
        ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
    ),
    "Seoul: nothing is ever set": (
        *("30 2 * * *", SEOUL, "2026-03-28T12:00"),
        ["2026-03-29T02:30+09:00", "2026-03-30T02:30+09:00"],
    ),
    "UTC": (*("30 2 * * *", "UTC", "2026-03-28T12:00"), ["2026-03-29T02:30+00:00"]),
}
CALENDAR = {
    "the 31st": (
        *("0 0 31 * *", "UTC", "2026-01-31T12:00"),
        ["2026-03-31T00:00+00:00", "2026-05-31T00:00+00:00", "2026-07-31T00:00+00:00"],
    ),
    "the last day": (
        *("0 0 L * *", "UTC", "2027-12-31T12:00"),
        ["2028-01-31T00:00+00:00", "2028-02-29T00:00+00:00", "2028-03-31T00:00+00:00"],
    ),
    "the last weekday": (
        *("0 9 LW * *", "UTC", "2026-01-01T00:00"),
        ["2026-01-30T09:00+00:00", "2026-02-27T09:00+00:00", "2026-03-31T09:00+00:00"],
    ),
    "a leap day": (
        *("15 3 29 2 *", BERLIN, "2026-01-01T00:00"),
        ["2028-02-29T03:15+01:00", "2032-02-29T03:15+01:00"],
    ),
    "no leap day in 2100 and so none of ours": (
        *("0 0 29 2 *", "UTC", "2092-03-01T00:00"),
        ["2096-02-29T00:00+00:00", "2104-02-29T00:00+00:00"],
    ),
    "the second Tuesday": (
        *("0 9 * * 2#2", "UTC", "2026-01-01T00:00"),
        ["2026-01-13T09:00+00:00", "2026-02-10T09:00+00:00"],
    ),
    "the first Monday, by its name": (
        *("0 9 * * mon#1", "UTC", "2026-01-01T00:00"),
        ["2026-01-05T09:00+00:00", "2026-02-02T09:00+00:00"],
    ),
    "the last Friday": (
        *("0 9 * * 5L", "UTC", "2026-01-01T00:00"),
        ["2026-01-30T09:00+00:00", "2026-02-27T09:00+00:00"],
    ),
    "working days": (
        *("0 8 * * MON-FRI", "UTC", "2026-01-01T12:00"),
        ["2026-01-02T08:00+00:00", "2026-01-05T08:00+00:00"],
    ),
    "Sunday is 0 and 7": (
        *("0 3 * * 7", "UTC", "2026-01-01T00:00"),
        ["2026-01-04T03:00+00:00", "2026-01-11T03:00+00:00"],
    ),
    "months by name": (
        *("0 0 1 JAN,jul *", "UTC", "2026-01-01T00:00"),
        ["2026-07-01T00:00+00:00", "2027-01-01T00:00+00:00"],
    ),
    "steps of a range": (
        *("10-30/10 8 * * *", "UTC", "2026-01-01T00:00"),
        [f"2026-01-01T08:{minute}+00:00" for minute in (10, 20, 30)],
    ),
    "day of the month or day of the week, where both are given": (
        *("0 0 13 * FRI", "UTC", "2026-01-01T00:00"),
        ["2026-01-02T00:00+00:00", "2026-01-09T00:00+00:00", "2026-01-13T00:00+00:00"],
    ),
    "from right at a slot on": (
        *("0 0 * * *", "UTC", "2026-01-01T00:00"),
        ["2026-01-02T00:00+00:00"],
    ),
}
ROWS = CLOCK_CHANGES | CALENDAR


def times(expression: str, zone: str) -> CronTimes:
    known = zone_named(zone)
    assert known is not None
    return CronTimes(expression, known)


@pytest.mark.parametrize("row", ROWS)
def test_the_slots_after_a_date(row: str) -> None:
    expression, zone, local, wanted = ROWS[row]
    cron = times(expression, zone)
    after = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    slots = list(islice(cron.after(after), len(wanted)))
    local_slots = [slot.astimezone(cron.zone).isoformat(timespec="minutes") for slot in slots]
    assert local_slots == wanted
    assert cron.count(after, slots[-1]) == len(wanted)


@pytest.mark.parametrize("row", ROWS)
def test_to_ask_anew_after_each_slot_gives_the_same(row: str) -> None:
    """The operator asks for the next slot again and again, at any moment between two."""
    expression, zone, local, _ = ROWS[row]
    cron = times(expression, zone)
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for slot in islice(cron.after(moment), 20):
        middle = moment + (slot - moment) / 2
        assert next(cron.after(moment)) == slot
        assert next(cron.after(middle)) == slot
        moment = slot


@given(
    minutes=st.integers(0, 60 * 24 * 30),
    expression=st.sampled_from(["30 2 * * *", "*/7 1-3 * * *", "5 * * * *", "0,59 2,3 * * *"]),
    season=st.sampled_from(["2026-03-14", "2026-10-10"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]),
)
def test_no_slot_is_before_the_moment_that_is_asked_about(
    minutes: int, expression: str, season: str, zone: str
) -> None:
    moment = datetime.fromisoformat(season).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    cron = times(expression, zone)
    slots = [moment, *islice(cron.after(moment), 5)]
    assert slots == sorted(set(slots))


def test_the_table_of_the_documentation_is_right() -> None:
    page = (ROOT / "docs" / "schedules.md").read_text()
    rows = re.findall(r"^\| `(.+?)` \| (\w+/\w+) \| (\S+) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) == 9
    for expression, zone, local, slots in rows:
        cron, wanted = times(expression, zone), slots.split(", ")
        after = datetime.fromisoformat(local).replace(tzinfo=cron.zone).astimezone(UTC)
        given = islice(cron.after(after), len(wanted))
        assert [s.astimezone(cron.zone).isoformat(timespec="minutes") for s in given] == wanted


REFUSED = (
    *("60 0 * * *", "0 24 * * *", "0 0 32 * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8"),
    *("0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6 *", "* * * *", "", "@daily", "5-1 * * * *"),
    *("*/0 * * * *", "0 0 * * MON#6", "0 0 15W * *", "a b c d e", "0 0 * * 1#", "1,,2 * * * *"),
)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_never_comes_is_refused(expression: str) -> None:
    assert fault_in(expression)


@pytest.mark.parametrize("row", ROWS)
def test_what_comes_is_not(row: str) -> None:
    assert not fault_in(ROWS[row][0])


def test_it_is_said_in_words() -> None:
    assert times("0 2 * * *", BERLIN).description == "At 02:00 every day"
    assert times(" 0  2 * * *", BERLIN).text == "0 2 * * *"
