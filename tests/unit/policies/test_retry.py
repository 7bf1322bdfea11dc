"""Numbers of the back-off, and when an attempt is the last."""

import pytest

from stagework.policies.retry import (
    GiveUp,
    RetryAt,
    after_failure,
    after_interruption,
    backoff_seconds,
)
from tests.support.builders import after, make_stage


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (8, 600), (99, 600)]
)
def test_the_wait_doubles_up_to_its_maximum(failures: int, seconds: int) -> None:
    stage = make_stage(backoffSeconds=10, backoffMaxSeconds=600)

    assert backoff_seconds(stage, failures) == seconds


def test_no_wait_stays_no_wait() -> None:
    assert backoff_seconds(make_stage(backoffSeconds=0), 50) == 0


def test_a_maximum_below_the_first_wait_wins() -> None:
    assert backoff_seconds(make_stage(backoffSeconds=60, backoffMaxSeconds=5), 1) == 5


@pytest.mark.parametrize(
    ("retries", "failures", "verdict"),
    [
        pytest.param(0, 1, GiveUp(), id="no retries: the first failure is the last"),
        pytest.param(2, 1, RetryAt(after(10)), id="first of three"),
        pytest.param(2, 2, RetryAt(after(20)), id="second of three"),
        pytest.param(2, 3, GiveUp(), id="third of three"),
    ],
)
def test_attempts_are_retries_and_one(
    retries: int, failures: int, verdict: RetryAt | GiveUp
) -> None:
    assert after_failure(make_stage(retries=retries), failures, after(0)) == verdict


@pytest.mark.parametrize(
    ("interruptions", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10, 60)]
)
def test_interruptions_wait_shortly(interruptions: int, seconds: int) -> None:
    assert after_interruption(interruptions, after(0)) == RetryAt(after(seconds))


def test_the_eleventh_interruption_is_too_much() -> None:
    assert after_interruption(11, after(0)) == GiveUp("TooManyInterruptions")
