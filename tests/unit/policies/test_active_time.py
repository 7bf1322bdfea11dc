"""How long a run has been active, and when that is too long."""

import pytest

from stagework.api.stage_status import StageStatus
from stagework.policies.active_time import (
    ActiveTime,
    TimeLeft,
    TimeUp,
    counts,
    over,
    running,
    standing,
    time_left,
)
from tests.support.builders import T0, after, make_status

LIMIT = 100
UP = TimeUp("activeDeadlineSeconds (100 s) is over")
HERE, AWAY = False, True


@pytest.mark.parametrize(
    ("stages", "runs"),
    [
        pytest.param([(make_status(state="Running"), HERE)], True, id="works"),
        pytest.param([(make_status(state="Starting"), HERE)], True, id="starts"),
        pytest.param([(make_status(state="Stuck"), HERE)], True, id="is stuck"),
        pytest.param([(make_status(reason="NoFreeSlot"), HERE)], True, id="stands in a queue"),
        pytest.param([(make_status(reason="BackOff"), HERE)], True, id="backs off"),
        pytest.param([(make_status(reason="NoNodeOfClass"), HERE)], True, id="a server is broken"),
        pytest.param([(make_status(reason="NoNodeOfClass"), AWAY)], False, id="a laptop sleeps"),
        pytest.param([(make_status(state="Running"), AWAY)], False, id="its machine sleeps"),
        pytest.param([(make_status(reason="Suspended"), HERE)], False, id="suspended"),
        pytest.param(
            [(make_status(reason="AwaitingApproval"), HERE)], False, id="waits for a person"
        ),
        pytest.param([(make_status(reason="DependenciesPending"), HERE)], False, id="waits below"),
        pytest.param(
            [(make_status(reason="NoNodeOfClass"), AWAY), (make_status(state="Running"), HERE)],
            True,
            id="one waits for a laptop, another works elsewhere",
        ),
        pytest.param(
            [(make_status(state=s), HERE) for s in ("Succeeded", "Failed", "Skipped", "NotRun")],
            False,
            id="all have ended",
        ),
        pytest.param(
            [(make_status(state="NotRun", reason="NoFreeSlot"), HERE)], False, id="ended for good"
        ),
        pytest.param([], False, id="no stages"),
    ],
)
def test_the_clock_runs_while_anything_can_go_on(
    stages: list[tuple[StageStatus, bool]], *, runs: bool
) -> None:
    assert counts(stages) is runs


RUNNING = ActiveTime(seconds=40, since=T0)


@pytest.mark.parametrize(
    ("seconds", "left"), [(0, TimeLeft(after(60))), (59, TimeLeft(after(60))), (60, UP), (99, UP)]
)
def test_what_was_counted_before_counts(seconds: float, left: TimeLeft | TimeUp) -> None:
    assert time_left(RUNNING, LIMIT, after(seconds), runs=True) == left


def test_a_clock_that_stands_still_is_never_over() -> None:
    assert time_left(ActiveTime(seconds=99), LIMIT, after(999), runs=True) == TimeLeft(None)


def test_nor_is_one_that_should_have_stood_still() -> None:
    """The machine went away while nobody looked."""
    assert time_left(RUNNING, LIMIT, after(999), runs=False) == TimeLeft(None)


@pytest.mark.parametrize("runs", [True, False])
def test_the_clock_of_a_run_that_was_ended_for_it_stays_over(*, runs: bool) -> None:
    assert time_left(ActiveTime(seconds=100), LIMIT, T0, runs=runs) == UP


def test_a_clock_goes_on_from_where_it_stood() -> None:
    assert running(ActiveTime(seconds=7), after(5)) == ActiveTime(seconds=7, since=after(5))
    assert running(RUNNING, after(5)) is RUNNING


@pytest.mark.parametrize(
    ("seconds", "counted"), [(0, 40), (9.9, 49), (59, 99), (60, 99), (10_000, 99), (-5, 40)]
)
def test_a_clock_that_stops_keeps_what_it_has_and_a_second_is_left(
    seconds: float, counted: int
) -> None:
    assert standing(RUNNING, LIMIT, after(seconds)) == ActiveTime(seconds=counted)


def test_a_clock_that_stands_stays_as_it_is() -> None:
    still = ActiveTime(seconds=7)

    assert standing(still, LIMIT, after(5)) is still
    assert over(still, LIMIT, after(5)) is still


@pytest.mark.parametrize(("seconds", "counted"), [(60, 100), (75, 115), (0, 100)])
def test_a_clock_that_is_over_has_counted_all(seconds: float, counted: int) -> None:
    assert over(RUNNING, LIMIT, after(seconds)) == ActiveTime(seconds=counted)
