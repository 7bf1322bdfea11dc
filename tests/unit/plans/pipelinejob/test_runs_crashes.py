"""The operator is killed before and after each of its writes: the end is always the same.

Of the longest runs every third write is tried: an odd step, so both sides of a write are.
"""

from collections.abc import Callable

import pytest

from tests.support.builders import line_of, make_run
from tests.support.stepper import Behaviour, Stepper
from tests.support.stepper.behaviour import FAILS, HANGS, Script
from tests.support.stepper.scenarios import SCENARIOS, fork, outcome

LONG = 45
"""Writes of a run from which on not every one is tried."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_write_a_run_ends_as_if_nothing_had_happened(name: str) -> None:
    begin = SCENARIOS[name]
    undisturbed = begin(None).to_end()
    wanted = outcome(undisturbed)

    step = 1 if undisturbed.points < LONG else 3
    for point in range(1, undisturbed.points + 1, step):
        disturbed = begin(point).to_end(2000)
        assert disturbed.crashes == 1, f"never reached write {point}"
        assert outcome(disturbed) == wanted, f"killed at write {point}"


SCRIPTS: dict[str, Script] = {
    "nothing fails": {},
    "failures": {("b", 1): FAILS, ("d", 1): FAILS},
    "an interruption": {("c", 1): Behaviour(seconds=20, deleted_after=3)},
    "a timeout": {("b", 1): HANGS},
}


def _undisturbed(stepper: Stepper) -> None:
    stepper.second()


def _killed(stepper: Stepper) -> None:
    stepper.second()
    stepper.restart()


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("forgetful", [False, True], ids=["all written", "only urgent written"])
@pytest.mark.parametrize("second", [_undisturbed, _killed], ids=["lives", "killed every second"])
def test_nothing_that_decides_is_only_in_memory(
    script: str, second: Callable[[Stepper], None], *, forgetful: bool
) -> None:
    """Even where no status but the urgent ones is ever stored, a run ends the same way."""
    wanted = outcome(Stepper(make_run(*fork()), script=SCRIPTS[script]).to_end())
    stepper = Stepper(make_run(*fork()), script=SCRIPTS[script], forgetful=forgetful)

    for _ in range(600):
        second(stepper)
        if stepper.run.status.ended:
            break

    assert outcome(stepper) == wanted


def test_a_run_whose_operator_is_away_goes_on_where_it_was() -> None:
    """A stage that ended meanwhile is committed with the time at which it ended."""
    stepper = Stepper(make_run(*line_of(2)), script={("stage_1", 1): Behaviour(seconds=4)})
    stepper.until(lambda: stepper.states()["stage_1"] == "Running")
    stepper.operator_away(60)
    stepper.restart()

    stepper.to_end()

    assert [s.attempt for s in stepper.run.status.stages] == [1, 1]
    first, second = stepper.run.status.stages
    assert first.completionTime is not None
    assert second.startTime is not None
    assert (second.startTime - first.completionTime).total_seconds() >= 50
