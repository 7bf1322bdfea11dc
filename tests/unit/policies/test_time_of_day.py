"""Clocks that disagree by hours: which is gone on by, and when did it happen?"""

from datetime import UTC, datetime, timedelta

import pytest

from stagework.policies.time_of_day import LastLeader, by_now, clamped, time_of_day
from tests.support.builders import T0, after

HOUR = 3600.0
RENEWED = LastLeader(after(0), None)
"""By a leader on another machine, at noon."""


def test_the_clock_of_a_leader_on_this_machine_goes_on_whatever_others_say() -> None:
    last = LastLeader(after(0), after(7))

    assert time_of_day(after(HOUR), after(-HOUR), last) == after(7)


def test_where_nobody_has_led_our_own_clock_counts() -> None:
    assert time_of_day(after(HOUR), after(0), None) == after(HOUR)


@pytest.mark.parametrize(
    ("own", "server", "wanted"),
    [
        (5, 6, 5),
        (HOUR, 6, 6),
        (-HOUR, 6, 6),
        (5, HOUR, 5),
        (5, -HOUR, 5),
        (-HOUR, -HOUR, 0),
        (5, None, 5),
        (-5, None, 0),
        (HOUR, -5, 0),
        (HOUR, -11, HOUR),
    ],
    ids=[
        "both right",
        "ours ahead",
        "ours behind",
        "the server's ahead",
        "the server's behind",
        "both behind",
        "ours alone",
        "ours alone, a little behind",
        "the server's a little behind",
        "the server's too far behind to be right",
    ],
)
def test_a_clock_that_is_an_hour_off_is_not_gone_on_by(
    own: float, server: float | None, wanted: float
) -> None:
    known = after(server) if server is not None else None

    assert time_of_day(after(own), known, RENEWED) == after(wanted)


@pytest.mark.parametrize(("ahead_hours", "believed"), [(24, True), (24.01, False)])
def test_a_renewal_more_than_a_day_ahead_is_no_time_of_ours(
    ahead_hours: float, *, believed: bool
) -> None:
    last = LastLeader(T0 + timedelta(hours=ahead_hours), None)

    assert time_of_day(T0, T0, last) == (last.renewed if believed else T0)
    assert time_of_day(T0 - timedelta(days=9), T0, last) == (
        last.renewed if believed else T0 - timedelta(days=9)
    ), "the later of the two clocks says how far it is ahead"


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_a_renewal_or_a_clock_of_another_age_is_no_time_of_ours(year: int) -> None:
    """Written by hand; nothing could be computed with such a time."""
    other = datetime(year, 1, 1, tzinfo=UTC)

    assert time_of_day(T0, T0, LastLeader(other, None)) == T0
    assert time_of_day(T0, T0, LastLeader(after(-5), other)) == T0


def test_what_is_on_record_has_happened_by_now() -> None:
    assert by_now(after(5), after(10)) == after(5)
    assert by_now(after(15), after(10)) == after(10)
    assert by_now(None, after(10)) is None


@pytest.mark.parametrize(
    ("reported", "wanted"), [(-HOUR, 10), (9, 10), (15, 15), (21, 20), (HOUR, 20)]
)
def test_what_a_node_reports_happened_between_our_turn_and_now(
    reported: float, wanted: float
) -> None:
    assert clamped(after(reported), after(10), after(20)) == after(wanted)


def test_without_a_turn_it_happened_before_now() -> None:
    assert clamped(after(-HOUR), None, after(20)) == after(-HOUR)
    assert clamped(after(HOUR), None, after(20)) == after(20)


def test_a_turn_that_lies_ahead_of_us_is_no_reason_to_be_ahead_too() -> None:
    assert clamped(after(5), after(30), after(20)) == after(20)
