"""Every wait has a stated cause; a suspended run starts nothing."""

import pytest

from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, named_run, run_of, shell, skip
from tests.support.cluster.waiting import (
    Condition,
    condition_of,
    eventually,
    stage_in,
    stage_is,
    summary,
)


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """Runs that do not get in each other's way; a minute of one passes while others are told."""
    space.apply(
        named_run("no-pipeline", "never"),
        run_of("suspended", shell("one"), shell("two"), suspend=True),
        run_of("stopped", shell("one", HOLD), shell("two")),
        run_of("backing-off", shell("one", "exit 1", retries=1, backoffSeconds=600)),
    )


def test_a_suspended_run_starts_nothing_until_it_is_resumed(space: Space) -> None:
    run = space.wait_for("suspended", summary("Suspended"))
    assert stage_in(run, "one")["reason"] == "Suspended"
    assert condition_of(run, "Reconciling") == "False"
    assert space.pods_of("suspended") == []
    space.kubectl(
        *("patch", "pj", "suspended", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    )
    space.wait_for_end("suspended", "Completed")


def test_suspending_lets_what_runs_end_and_starts_nothing_new(space: Space) -> None:
    space.wait_for("stopped", stage_is("one", state="Running"))
    space.kubectl("patch", "pj", "stopped", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    eventually(
        lambda: space.pods_of("stopped", "two"),
        lambda pods: not pods,
        seconds=60,
        otherwise=lambda: "the held Pod of a suspended run stays",
    )
    assert space.stage_of("stopped", "one")["state"] == "Running"
    asked = skip("stopped", "one", by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))
    run = space.wait_for("stopped", summary("Suspended"))
    two = stage_in(run, "two")
    assert (two["reason"], two["message"]) == (
        "Suspended",
        "the run is suspended: set spec.suspend=false",
    )
    space.kubectl("patch", "pj", "stopped", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    space.wait_for_end("stopped", "CompletedWithSkips")


def test_a_failed_attempt_backs_off_visibly(space: Space) -> None:
    run = space.wait_for("backing-off", stage_is("one", reason="BackOff"))
    one = stage_in(run, "one")
    assert (one["attempt"], one["failures"], one["state"]) == (2, 1, "Waiting")
    assert "attempt 1: NonZeroExit: exit code 1" in one["message"]
    assert "one waits: BackOff" in run["status"]["message"]
    assert one["notBeforeTime"]


def test_a_pipeline_that_does_not_appear_within_a_minute_needs_a_person(space: Space) -> None:
    run = space.wait_for("no-pipeline", summary("PipelineNotFound"))
    assert "no Pipeline 'never' in namespace" in run["status"]["message"]
    run = space.wait_for(
        "no-pipeline", Condition("stalled", lambda run: condition_of(run, "Stalled") == "True")
    )
    assert condition_of(run, "Succeeded") == "Unknown"
