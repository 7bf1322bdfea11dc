"""Estimates corrected by those of earlier batches, and what they were worth."""

from statistics import median

import pytest

from stagework.api.estimates import Eta
from stagework.policies.chunks.calibrate import calibrate
from stagework.policies.chunks.estimate_error import estimate_error, wilson
from tests.support.played_batches import chance

SAID = Eta(100.0, 130.0)


def test_below_twenty_batches_nothing_is_corrected() -> None:
    assert calibrate(SAID, [2.0] * 19) == SAID


def test_from_twenty_on_both_numbers_go_by_what_came_true() -> None:
    ratios = [1.0 + place / 100 for place in range(20)]

    # The 19th smallest of 20: ceil(0.9 * 21).
    corrected = calibrate(SAID, ratios)

    assert (corrected.p50_seconds, corrected.p90_seconds) == pytest.approx((109.5, 118.0))


def test_the_order_in_which_they_ended_does_not_matter() -> None:
    ratios = [1.0 + place / 100 for place in range(20)]

    assert calibrate(SAID, ratios[::-1]) == calibrate(SAID, ratios)


def test_the_last_fifty_count() -> None:
    assert calibrate(SAID, [*[9.0] * 100, *[2.0] * 50]) == Eta(200.0, 200.0)


def test_nine_of_ten_come_true_before_p90_whatever_the_tail() -> None:
    rng = chance("tail")
    below = list[bool]()
    for _ in range(400):
        past = [rng.paretovariate(1.5) for _ in range(20)]
        below.append(rng.paretovariate(1.5) <= calibrate(Eta(1.0, 1.1), past).p90_seconds)

    assert 0.87 <= sum(below) / len(below) <= 0.94


def test_below_twenty_batches_no_error_is_said() -> None:
    assert estimate_error(25, [(SAID, 100.0)] * 19) is None


def test_the_error_is_how_far_and_which_way() -> None:
    early = [(SAID, 125.0)] * 15
    late = [(SAID, 80.0)] * 5

    error = estimate_error(25, [*early, *late])

    assert error is not None
    assert error.batches == 20
    assert error.off == pytest.approx(0.2)
    assert error.p50_to_true == pytest.approx(0.8)
    assert (error.below_p50.share, error.below_p90.share) == (0.25, 1.0)


def test_the_last_hundred_batches_count() -> None:
    error = estimate_error(25, [*[(SAID, 1000.0)] * 50, *[(SAID, 100.0)] * 100])

    assert error is not None
    assert (error.batches, error.off, error.below_p50.share) == (100, 0.0, 1.0)


def test_a_batch_that_took_no_time_says_nothing() -> None:
    assert estimate_error(25, [(SAID, 0.0)] * 40) is None


@pytest.mark.parametrize(
    ("held", "of", "low", "high"),
    [(0, 20, 0.0, 0.161), (10, 20, 0.299, 0.701), (18, 20, 0.699, 0.972), (90, 100, 0.826, 0.945)],
)
def test_bounds_are_those_of_wilson(held: int, of: int, low: float, high: float) -> None:
    said = wilson(held, of)

    assert (said.share, said.low, said.high) == pytest.approx((held / of, low, high), abs=0.001)


def test_the_bounds_hold_the_true_share_nineteen_times_in_twenty() -> None:
    rng = chance("wilson")
    held = [sum(rng.random() < 0.9 for _ in range(100)) for _ in range(500)]

    within = [wilson(one, 100).low <= 0.9 <= wilson(one, 100).high for one in held]

    assert 0.92 <= sum(within) / len(within) <= 0.98
    assert median(held) == pytest.approx(90, abs=1)
