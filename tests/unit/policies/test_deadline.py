"""The clocks of a stage."""

import pytest

from stagework.policies.deadline import Exceeded, InTime, keep_time, run_time, start_time
from tests.support.builders import T0, after, make_stage

STAGE = make_stage(timeoutSeconds=60, startDeadlineSeconds=120)


@pytest.mark.parametrize("seconds", [0, 59.9])
def test_a_stage_may_run_until_its_timeout(seconds: float) -> None:
    assert run_time(STAGE, T0, after(seconds)) == InTime(after(60))


@pytest.mark.parametrize("seconds", [60, 3600])
def test_at_its_timeout_it_has_run_too_long(seconds: float) -> None:
    assert run_time(STAGE, T0, after(seconds)) == Exceeded(
        "TimedOut", "ran longer than timeoutSeconds (60 s)"
    )


def test_a_stage_may_take_its_time_to_start() -> None:
    assert start_time(STAGE, T0, "", after(119)) == InTime(after(120))


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("", "not started within startDeadlineSeconds (120 s)"),
        (
            "no such image (ImagePullBackOff)",
            "no such image (ImagePullBackOff); not started within startDeadlineSeconds (120 s)",
        ),
    ],
    ids=["unknown cause", "cause"],
)
def test_a_late_start_names_its_cause(cause: str, message: str) -> None:
    assert start_time(STAGE, T0, cause, after(120)) == Exceeded("StartDeadlineExceeded", message)


def test_outputs_are_stored_within_the_pods_grace_and_a_minute() -> None:
    assert keep_time(T0, 300, after(359)) == InTime(after(360))
    assert keep_time(T0, 300, after(360)) == Exceeded(
        "OutputsNotKept", "its outputs were not stored within files.graceSeconds (300 s)"
    )
