"""What others have published of their schedulers, each as a row of ours.

Sources, in our own words: the manual crontab(5) of Vixie's cron; the tutorial of Quartz, its
expressions without seconds and counting Sunday as 0; the readme of croniter; the table of times of
robfig/cron. All in UTC, where they agree; where clocks are set ours is Debian's rule, which has a
table of its own, and where one of them differs from it the row says so.
"""

import re
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from stagework.api.scheduledjob import CRON
from stagework.policies.schedules.cron import CronTimes, fault_in

Row = tuple[str, str, list[str]]

CRONTAB: dict[str, Row] = {
    "five minutes after midnight, every day": (
        *("5 0 * * *", "2026-01-31T00:05"),
        ["2026-02-01T00:05", "2026-02-02T00:05"],
    ),
    "at 2:15 pm on the first of every month": (
        *("15 14 1 * *", "2026-12-01T14:15"),
        ["2027-01-01T14:15", "2027-02-01T14:15"],
    ),
    "at 10 pm on weekdays": (
        *("0 22 * * 1-5", "2026-11-27T22:00"),
        ["2026-11-30T22:00", "2026-12-01T22:00"],
    ),
    "23 minutes after every second hour": (
        *("23 0-23/2 * * *", "2026-11-30T20:23"),
        ["2026-11-30T22:23", "2026-12-01T00:23"],
    ),
    "at five after four every Sunday": (
        *("5 4 * * sun", "2026-11-30T00:00"),
        ["2026-12-06T04:05", "2026-12-13T04:05"],
    ),
    "on the 1st, on the 15th, and every Friday: either will do": (
        *("30 4 1,15 * 5", "2026-11-30T00:00"),
        ["2026-12-01T04:30", "2026-12-04T04:30", "2026-12-11T04:30", "2026-12-15T04:30"],
    ),
    "0 and 7 are both Sunday": (
        *("0 0 * * 7", "2026-11-30T00:00"),
        ["2026-12-06T00:00", "2026-12-13T00:00"],
    ),
}
QUARTZ: dict[str, Row] = {
    "every minute from 2 pm to 2:05 pm": (
        *("0-5 14 * * *", "2026-11-30T14:04"),
        ["2026-11-30T14:05", "2026-12-01T14:00"],
    ),
    "every five minutes from 2 pm and from 6 pm": (
        *("*/5 14,18 * * *", "2026-11-30T14:50"),
        ["2026-11-30T14:55", "2026-11-30T18:00"],
    ),
    "at 2:10 and 2:44 pm every Wednesday in March": (
        *("10,44 14 * 3 WED", "2026-03-31T00:00"),
        ["2027-03-03T14:10", "2027-03-03T14:44", "2027-03-10T14:10"],
    ),
    "on the last day of every month": (
        *("15 10 L * *", "2028-01-31T10:15"),
        ["2028-02-29T10:15", "2028-03-31T10:15", "2028-04-30T10:15"],
    ),
    "on the last weekday of every month": (
        *("15 10 LW * *", "2026-01-01T00:00"),
        ["2026-01-30T10:15", "2026-02-27T10:15", "2026-03-31T10:15"],
    ),
    "on the last Friday of every month (6L there)": (
        *("15 10 * * 5L", "2026-01-01T00:00"),
        ["2026-01-30T10:15", "2026-02-27T10:15"],
    ),
    "on the third Friday of every month (6#3 there)": (
        *("15 10 * * 5#3", "2026-01-01T00:00"),
        ["2026-01-16T10:15", "2026-02-20T10:15"],
    ),
    "every November 11th at 11:11": (
        *("11 11 11 11 *", "2026-11-11T11:11"),
        ["2027-11-11T11:11"],
    ),
}
CRONITER: dict[str, Row] = {
    "every five minutes": (
        *("*/5 * * * *", "2010-01-25T04:46"),
        ["2010-01-25T04:50", "2010-01-25T04:55", "2010-01-25T05:00"],
    ),
    "every Monday and Friday": (
        *("2 4 * * mon,fri", "2010-01-25T04:46"),
        ["2010-01-29T04:02", "2010-02-01T04:02", "2010-02-05T04:02"],
    ),
    "every Wednesday, or the first of a month": (
        *("2 4 1 * wed", "2010-01-25T04:46"),
        ["2010-01-27T04:02", "2010-02-01T04:02", "2010-02-03T04:02"],
    ),
    "the first Saturday and the second Sunday": (
        *("0 0 * * sat#1,sun#2", "2010-01-25T04:46"),
        ["2010-02-06T00:00", "2010-02-14T00:00", "2010-03-06T00:00"],
    ),
}
ROBFIG: dict[str, Row] = {
    "wrap around the hour": (
        *("20-35/15 * * * *", "2012-07-09T15:45"),
        ["2012-07-09T16:20", "2012-07-09T16:35"],
    ),
    "wrap around the day": (
        *("*/15 * * * *", "2012-07-09T23:46"),
        ["2012-07-10T00:00", "2012-07-10T00:15"],
    ),
    "wrap around the month": (
        *("0 0 9 APR-OCT *", "2012-07-09T23:35"),
        ["2012-08-09T00:00", "2012-09-09T00:00"],
    ),
    "a step of days and a day of the week: both must hold": (
        *("0 0 */5 APR,AUG,OCT MON", "2012-07-09T23:35"),
        ["2012-08-06T00:00", "2012-10-01T00:00"],
    ),
    "wrap around the year": (
        *("0 0 * FEB MON", "2012-07-09T23:35"),
        ["2013-02-04T00:00", "2013-02-11T00:00"],
    ),
    "only in a leap year": (
        *("0 0 29 FEB *", "2012-07-09T23:35"),
        ["2016-02-29T00:00", "2020-02-29T00:00"],
    ),
}
CASES = {
    f"{project}: {name}": row
    for project, rows in {
        "crontab(5)": CRONTAB,
        "Quartz": QUARTZ,
        "croniter": CRONITER,
        "robfig": ROBFIG,
    }.items()
    for name, row in rows.items()
}


@pytest.mark.parametrize("case", CASES)
def test_a_published_case(case: str) -> None:
    expression, after, wanted = CASES[case]
    assert re.fullmatch(CRON, expression), "the CRD takes it"
    assert fault_in(expression) == ""
    begin = datetime.fromisoformat(after).replace(tzinfo=UTC)
    slots = islice(CronTimes(expression, ZoneInfo("UTC")).after(begin), len(wanted))
    assert [f"{slot:%Y-%m-%dT%H:%M}" for slot in slots] == wanted


def test_where_clocks_skip_a_time_ours_comes_at_once_and_robfigs_a_year_later() -> None:
    zone = ZoneInfo("America/New_York")
    begin = datetime(2012, 3, 11, tzinfo=zone)
    (slot,) = islice(CronTimes("30 2 11 MAR *", zone).after(begin), 1)
    assert slot.astimezone(zone).isoformat() == "2012-03-11T03:00:00-04:00"


@pytest.mark.parametrize(
    "expression",
    [
        *("60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8"),
        *("", "*", "* * * *", "5-1 * * * *", "*/0 * * * *", "* * * * MOON", "@every 5m"),
        "0 0 30 2 *",
    ],
)
def test_what_others_refuse_is_refused(expression: str) -> None:
    assert fault_in(expression) != ""
