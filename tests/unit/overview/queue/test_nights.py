"""What each night has done, beside what the nights before it did."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from stagework.overview.queue.nights import (
    COMPARED,
    FEWEST,
    SHOWN,
    Night,
    NightCount,
    nights,
    spans,
)

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-11-03T05:30", "2026-11-02T13:00", "2026-11-02T21:00"),
        ("2026-11-02T21:00", "2026-11-02T13:00", "2026-11-02T21:00"),
        ("2026-11-02T20:59", "2026-11-01T13:00", "2026-11-01T21:00"),
        ("2026-11-02T14:30", "2026-11-01T13:00", "2026-11-01T21:00"),
    ],
    ids=["by day", "as it ends", "a minute before", "while the next one goes on"],
)
def test_the_last_night_is_the_last_one_that_is_over(now: str, begin: str, end: str) -> None:
    last = spans(utc(now), SEOUL)[-1]
    assert (last.begin, last.end) == (utc(begin), utc(end))


def test_they_follow_each_other_and_are_enough_to_compare_with() -> None:
    found = spans(utc("2026-11-03T05:30"), SEOUL)
    assert len(found) == SHOWN + COMPARED
    assert {b.begin - a.begin for a, b in pairwise(found)} == {timedelta(days=1)}


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-03-29T10:00", 7), ("2026-03-28T10:00", 8), ("2026-10-25T10:00", 9)]
)
def test_a_night_in_which_the_clock_is_changed_is_shorter_or_longer(now: str, hours: int) -> None:
    last = spans(utc(now), BERLIN)[-1]
    assert last.end - last.begin == timedelta(hours=hours)


def counted(*done: int, failed: int = 0) -> list[NightCount]:
    """The last nights with so much done, the oldest first; in those before nothing ended."""
    whole = spans(utc("2026-11-03T05:30"), SEOUL)
    numbers = (*(0,) * (len(whole) - len(done)), *done)
    return [NightCount(span, number, failed) for span, number in zip(whole, numbers, strict=True)]


def last(*done: int) -> Night:
    return nights(counted(*done))[-1]


@pytest.mark.parametrize(
    ("done", "usual"),
    [
        ((9,), (None, None)),
        ((1, 2, 3, 4, 100), (None, None)),
        ((1, 2, 3, 4, 5, 100), (1, 5)),
        ((10,) * 8, (10, 10)),
        ((*range(100, 121), 0), (108, 119)),
        ((10, 0, 0, 0, 0, 0, 7), (0, 5)),
    ],
    ids=["the first", "four before it", "five", "all alike", "only 14 of them", "idle ones count"],
)
def test_the_usual_is_eight_in_ten_of_the_nights_before(
    done: tuple[int, ...], usual: tuple[int | None, int | None]
) -> None:
    shown = last(*done[-(SHOWN + COMPARED) :])
    assert (shown.done, (shown.usual_low, shown.usual_high)) == (done[-1], usual)


def test_seven_are_shown_and_none_of_before_history_began() -> None:
    assert [night.done for night in nights(counted(*range(1, 22)))] == list(range(15, 22))
    assert [night.done for night in nights(counted(5, 0, 6))] == [5, 0, 6]
    assert nights(counted()) == ()
    assert nights([]) == ()
    assert FEWEST < COMPARED


def test_what_failed_is_said_too() -> None:
    shown = nights(counted(4, failed=3))
    assert [night.failed for night in shown] == [3] * SHOWN
