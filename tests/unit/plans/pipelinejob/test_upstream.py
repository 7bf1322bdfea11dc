"""Stages that can never start are given up; they wait again once nothing stands in their way."""

from typing import Any

import pytest

from stagework.api.stage_status import StageStatus
from tests.support.builders import World, make_stage, make_status

FORK = [
    make_stage("a"),
    make_stage("b", dependsOn=["a"]),
    make_stage("c", dependsOn=["a"]),
    make_stage("d", dependsOn=["b", "c"]),
    make_stage("e"),
]
DONE: dict[str, Any] = {"commit": {"attempt": 1, "pod": "p"}}


def _after(*states: StageStatus) -> dict[str, StageStatus]:
    return World(stages=FORK, states=states, nodes=[]).stages_after()


def test_what_depends_on_a_failure_is_not_run_down_to_the_last_stage() -> None:
    stages = _after(
        make_status("a", "Succeeded", **DONE),
        make_status("b", "Failed", reason="NonZeroExit"),
        *(make_status(name) for name in "cde"),
    )

    assert (stages["d"].state, stages["d"].reason) == ("NotRun", "UpstreamFailed")
    assert stages["d"].message == "b failed"
    assert (stages["e"].state, stages["e"].message) == ("NotRun", "d is not run")
    assert stages["c"].state == "Waiting", "side branches go on"


@pytest.mark.parametrize("state", ["Waiting", "NotRun"])
def test_a_stage_that_was_given_up_waits_again_when_its_cause_is_gone(state: str) -> None:
    stages = _after(
        make_status("a", "Succeeded", **DONE),
        make_status("b", "Waiting", attempt=4, reason="RetriedByPerson"),
        make_status("c", "Succeeded", **DONE),
        make_status("d", state, reason="UpstreamFailed"),
        make_status("e", state, reason="UpstreamFailed"),
    )

    assert (stages["d"].state, stages["d"].reason) == ("Waiting", "DependenciesPending")
    assert (stages["e"].state, stages["e"].reason) == ("Waiting", "DependenciesPending")


def test_a_stage_with_two_failed_causes_is_not_freed_by_one_of_them() -> None:
    stages = _after(
        make_status("a", "Succeeded", **DONE),
        make_status("b", "Waiting", attempt=4, reason="RetriedByPerson"),
        make_status("c", "Failed", reason="TimedOut"),
        make_status("d", "NotRun", reason="UpstreamFailed"),
        make_status("e", "NotRun", reason="UpstreamFailed"),
    )

    assert (stages["d"].state, stages["d"].message) == ("NotRun", "c failed")


def test_the_cause_that_is_said_follows_what_has_become_of_it() -> None:
    stages = _after(
        make_status("a", "Succeeded", **DONE),
        make_status("b", "Skipped", skip={"by": "ops"}),
        make_status("c", "Succeeded", **DONE),
        make_status("d", "NotRun", reason="UpstreamFailed", message="b failed"),
        make_status("e", "NotRun", reason="UpstreamFailed"),
    )

    assert (stages["d"].reason, stages["d"].message) == ("UpstreamSkipped", "b was skipped")
    assert stages["e"].reason == "UpstreamSkipped"
