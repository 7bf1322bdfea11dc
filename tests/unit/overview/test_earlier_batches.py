"""What people learn of estimates: how those of batches that have ended came out."""

import pytest

from stagework.overview.earlier_batches import estimate_errors
from stagework.policies.chunks.estimate_error import FEWEST
from tests.support.history.facts import judged_batches


def test_each_mark_of_enough_batches_is_judged_by_itself() -> None:
    at_half = judged_batches(FEWEST, mark=50, true_seconds=300)
    at_a_tenth = judged_batches(FEWEST - 1, mark=10, true_seconds=300, name="other")

    (error,) = estimate_errors([*at_half, *at_a_tenth])

    assert (error.percent, error.batches) == (50, FEWEST)
    assert error.off == pytest.approx(1 / 3)
    assert (error.below_p50.share, error.below_p90.share) == (0.0, 1.0)


def test_the_last_to_end_count_in_whatever_order_they_are_told() -> None:
    long_ago = judged_batches(100, mark=25, true_seconds=1000)
    of_late = judged_batches(100, mark=25, true_seconds=2000, begun=50_000, name="late")

    (error,) = estimate_errors([*of_late, *long_ago])

    assert error.batches == 100
    assert error.p50_to_true == pytest.approx(0.1)


def test_nothing_is_said_of_batches_that_people_have_stopped_or_run_again() -> None:
    stopped = judged_batches(FEWEST, mark=25, true_seconds=300, state="Stopped")
    again = judged_batches(FEWEST, mark=25, true_seconds=300, rounds=1)
    assert estimate_errors([*stopped, *again]) == ()
