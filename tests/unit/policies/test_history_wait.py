"""May a run that has ended be removed, or does history not know all of it yet?"""

from datetime import UTC, datetime, timedelta

import pytest

from stagework.policies.history_wait import AskAgain, Missed, Remembered, history_wait

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return SINCE + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [-10, 0, 1800, 3600, 7200])
def test_what_history_has_goes_at_any_time(seconds: float) -> None:
    assert history_wait(remembered=True, since=SINCE, now=after(seconds)) == Remembered()


@pytest.mark.parametrize(
    ("seconds", "next_seconds"),
    [(0, 2), (1, 3), (2, 4), (3, 6), (59, 118), (60, 120), (61, 121), (3550, 3600)],
)
def test_it_is_asked_again_the_longer_it_takes_the_more_seldom(
    seconds: float, next_seconds: float
) -> None:
    found = history_wait(remembered=False, since=SINCE, now=after(seconds))
    assert found == AskAgain(after(next_seconds))


@pytest.mark.parametrize("seconds", [-1, 3600, 3601])
def test_after_an_hour_it_goes_without_and_where_its_clock_is_wrong(seconds: float) -> None:
    assert history_wait(remembered=False, since=SINCE, now=after(seconds)) == Missed()


def test_what_ended_at_no_known_time_does_not_wait() -> None:
    assert history_wait(remembered=False, since=None, now=SINCE) == Missed()
    assert history_wait(remembered=True, since=None, now=SINCE) == Remembered()
