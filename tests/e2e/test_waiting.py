"""Every wait has a stated cause; suspend, priority and the slots of a machine class are kept."""

from collections.abc import Iterator

import pytest

from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell, skip
from tests.support.cluster.waiting import (
    Condition,
    condition_of,
    eventually,
    stage_in,
    stage_is,
    summary,
)

MACBOOK = ["macbook"]
"""One node with one slot: a line that can be watched."""


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """Runs that do not get in each other's way."""
    space.apply(
        run_of("suspended", shell("one"), shell("two"), suspend=True),
        run_of("stopped", shell("one", HOLD), shell("two")),
        run_of("backing-off", shell("one", "exit 1", retries=1, backoffSeconds=600)),
    )


@pytest.fixture
def cordoned(space: Space) -> Iterator[None]:
    """No node of class macbook takes new Pods."""
    selector = ("-l", "stagework.dev/machine=macbook")
    space.commands.must("cordon", *selector)
    yield
    space.commands.must("uncordon", *selector)


def done(space: Space, run: str, stage: str) -> None:
    """Let a stage that holds on be taken for done."""
    asked = skip(run, stage, by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))


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
    done(space, "stopped", "one")
    run = space.wait_for("stopped", summary("Suspended"))
    two = stage_in(run, "two")
    assert (two["reason"], two["message"]) == (
        "Suspended",
        "the run is suspended: set spec.suspend=false",
    )
    space.kubectl("patch", "pj", "stopped", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    space.wait_for_end("stopped", "CompletedWithSkips")


def test_a_pipeline_that_does_not_appear_within_a_minute_needs_a_person(forgotten: Space) -> None:
    run = forgotten.wait_for("no-pipeline", summary("PipelineNotFound"))
    assert "no Pipeline 'never' in namespace" in run["status"]["message"]
    run = forgotten.wait_for(
        "no-pipeline", Condition("stalled", lambda run: condition_of(run, "Stalled") == "True")
    )
    assert condition_of(run, "Succeeded") == "Unknown"


def test_a_failed_attempt_backs_off_visibly(space: Space) -> None:
    run = space.wait_for("backing-off", stage_is("one", reason="BackOff"))
    one = stage_in(run, "one")
    assert (one["attempt"], one["failures"], one["state"]) == (2, 1, "Waiting")
    assert "attempt 1: NonZeroExit: exit code 1" in one["message"]
    assert "one waits: BackOff" in run["status"]["message"]
    assert one["notBeforeTime"]


def test_a_line_for_one_slot_goes_by_priority_and_says_where_one_stands(space: Space) -> None:
    space.apply(run_of("holder", shell("one", HOLD, runsOn=MACBOOK), shell("two"), priority=100))
    space.wait_for("holder", stage_is("one", state="Running"))
    assert space.stage_of("holder", "two")["message"] == "waits for one"
    assert space.stage_of("holder", "two")["reason"] == "DependenciesPending"
    for name, priority in (("plain", 0), ("later", 0), ("urgent", 50)):
        space.apply(run_of(name, shell("one", runsOn=MACBOOK), priority=priority))
        space.wait_for(name, stage_is("one", reason="NoFreeSlot"))
    for name, position in (("urgent", 1), ("plain", 2), ("later", 3)):
        where = f"position {position} of 3 for macbook"
        run = space.wait_for(name, stage_is("one", message=where), seconds=60)
        assert run["status"]["summary"] == "Queued"

    done(space, "holder", "one")
    begun = {
        name: space.wait_for_end(name, "Completed")["status"]["stages"][0]["startTime"]
        for name in ("urgent", "plain", "later")
    }
    assert list(begun) == sorted(begun, key=lambda name: begun[name])
    space.wait_for_end("holder", "CompletedWithSkips")


@pytest.mark.usefixtures("cordoned")
def test_a_class_without_a_node_is_waited_for_and_the_next_one_taken_in_its_time(
    space: Space,
) -> None:
    space.apply(
        run_of("patient", shell("one", runsOn=MACBOOK)),
        run_of("flexible", shell("one", runsOn=["macbook", "macmini"], fallbackAfterSeconds=2)),
    )
    run = space.wait_for("patient", stage_is("one", reason="NoNodeOfClass"))
    assert stage_in(run, "one")["message"] == "no ready node of class macbook"
    flexible = space.wait_for_end("flexible", "Completed")
    assert stage_in(flexible, "one")["machine"] == "macmini"
    assert space.stage_of("patient", "one")["state"] == "Waiting"


def test_when_the_node_is_back_the_work_begins(space: Space) -> None:
    run = space.wait_for_end("patient", "Completed")
    assert stage_in(run, "one")["machine"] == "macbook"
