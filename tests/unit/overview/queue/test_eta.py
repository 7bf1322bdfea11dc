"""The formula of the old board, and the range beside it."""

import math

import pytest

from stagework.overview.queue.eta import Flow, burstiness, drained_hours, eta_minutes, queue_eta

FORMULA = [
    (60, 40, 10, 120.0),
    (34, 96, 24, 34 / 72 * 60),
    (0, 0, 0, 0.0),
    (0, 0, 50, 0.0),
    (5, 40, 40, None),
    (5, 40, 50, None),
    (5, 0, 0, None),
]


@pytest.mark.parametrize(("pending", "done", "inflow", "minutes"), FORMULA)
def test_minutes_are_what_waits_over_what_is_done_beyond_the_inflow(
    pending: int, done: int, inflow: int, minutes: float | None
) -> None:
    assert eta_minutes(pending, done, inflow) == minutes


@pytest.mark.parametrize(
    ("pending", "flow", "why"),
    [
        (5, Flow(done_1h=40, inflow_1h=50), "InflowOutrunsOutput"),
        (5, Flow(), "NoHistoryYet"),
        (5, Flow(done_1h=3, inflow_1h=2), "Unsteady"),
        (5, Flow(done_1h=40), ""),
        (0, Flow(done_1h=1, inflow_1h=50), ""),
    ],
)
def test_where_there_is_none_it_says_why(pending: int, flow: Flow, why: str) -> None:
    shown = queue_eta(pending, flow)

    assert shown.why_none == why
    assert (shown.range is None) == bool(why)


def test_a_steady_queue_has_a_range_from_the_last_hour() -> None:
    shown = queue_eta(120, Flow(done_1h=60, done=(60,) * 24, inflow=(0,) * 24))

    assert shown.range is not None
    assert shown.hours == 1
    assert shown.range.p50_seconds == 2 * 3600
    assert 2 * 3600 < shown.range.p90_seconds < 4 * 3600


def test_a_slow_queue_is_judged_by_more_hours() -> None:
    flow = Flow(done_1h=6, inflow_1h=2, done=(6,) * 24, inflow=(2,) * 24)
    shown = queue_eta(40, flow)

    assert shown.range is not None
    assert shown.hours == 6
    assert shown.range.p50_seconds == pytest.approx(10 * 3600)


def test_the_hour_that_has_only_begun_counts_as_part_of_one() -> None:
    flow = Flow(done_1h=6, inflow_1h=2, done=(*(6,) * 23, 3), inflow=(*(2,) * 23, 1), elapsed=0.5)
    shown = queue_eta(40, flow)

    assert shown.range is not None
    assert shown.range.p50_seconds == pytest.approx(10 * 3600)


def test_arrivals_in_lots_have_no_range() -> None:
    lots = (0, 0, 40, 0, 0, 0, 60, 0) * 3
    flow = Flow(done_1h=60, done=(60,) * 24, inflow=lots)

    assert burstiness(lots) > 10
    assert queue_eta(100, flow).range is None


def test_an_inflow_of_nine_tenths_hides_when_a_slow_queue_ends_and_not_a_fast_one() -> None:
    slow = Flow(done_1h=60, inflow_1h=54, done=(60,) * 24, inflow=(54,) * 24)
    fast = Flow(done_1h=3000, inflow_1h=2700, done=(3000,) * 24, inflow=(2700,) * 24)

    assert queue_eta(240, slow).range is None
    assert queue_eta(12_000, fast).range is not None


def test_the_late_end_solves_its_equation() -> None:
    late = drained_hours(240, 60, 12, 1, 1.5)
    assert late is not None
    net, spread = 48, 60 + 1.5 * 12
    assert net * late - 1.2816 * math.sqrt(spread * (late + late * late)) == pytest.approx(240)
