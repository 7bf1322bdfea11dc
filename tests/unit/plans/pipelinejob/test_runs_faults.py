"""Whole runs in which something goes wrong outside the stage's own doing."""

import pytest

from tests.support.builders import line_of, make_run, make_stage
from tests.support.stepper import Behaviour, Stepper
from tests.support.stepper.scenarios import SCENARIOS


def _ends(name: str) -> Stepper:
    return SCENARIOS[name](None).to_end()


@pytest.mark.parametrize(
    ("name", "stage", "attempt", "failures", "interruptions"),
    [
        ("two failed attempts", "stage_2", 3, 2, 0),
        ("a timeout", "stage_2", 2, 1, 0),
        ("an image that cannot be pulled", "stage_2", 2, 1, 0),
        ("a Pod deleted by hand", "stage_2", 2, 0, 1),
        ("a Pod removed by force", "stage_2", 2, 0, 1),
        ("a Pod that vanished with its work stored", "stage_1", 1, 0, 0),
        ("a sidecar that lives on", "stage_1", 1, 0, 0),
        ("a held Job deleted", "stage_3", 1, 0, 0),
        ("a held Pod deleted", "stage_3", 1, 0, 0),
        ("a node that is away for a while", "stage_1", 1, 0, 0),
        ("no node at first", "stage_1", 1, 0, 0),
        ("a quota that is raised", "stage_2", 1, 0, 0),
        ("Jobs that get no Pod for a while", "stage_2", 1, 0, 0),
    ],
)
def test_the_run_goes_on_and_counts_only_what_the_stage_has_failed(
    name: str, stage: str, attempt: int, failures: int, interruptions: int
) -> None:
    stepper = _ends(name)

    status = stepper.stage(stage)
    assert stepper.run.status.summary == "Completed"
    assert (status.attempt, status.failures, status.interruptions) == (
        attempt,
        failures,
        interruptions,
    )


@pytest.mark.parametrize(
    ("name", "stage", "reason"),
    [
        ("out of memory", "stage_2", "OutOfMemory"),
        ("no mark", "stage_2", "NoCompletionMark"),
        ("a refused input", "stage_2", "InputRefused"),
        ("a quota that is never raised", "stage_1", "StartDeadlineExceeded"),
    ],
)
def test_a_run_that_fails_says_why(name: str, stage: str, reason: str) -> None:
    stepper = _ends(name)

    assert stepper.run.status.summary == "StageFailed"
    assert stepper.stage(stage).reason == reason


def test_the_quota_that_held_a_stage_up_is_named_as_the_cause() -> None:
    stepper = _ends("a quota that is never raised")

    assert "exceeded quota: jobs" in stepper.stage("stage_1").message


def test_a_sidecar_is_ended_after_the_commit() -> None:
    stepper = _ends("a sidecar that lives on")

    stepper.pass_seconds(60)

    phases = {p.status.phase for p in stepper.cluster.pods.values()}
    assert "Running" not in phases


def test_a_partitioned_node_never_gets_a_second_attempt_beside_the_first() -> None:
    """The Pod is removed by force, its node cannot be reached, its process works on."""
    lonely = {("stage_1", 1): Behaviour(seconds=1e9, removed_after=8)}
    stepper = Stepper(make_run(*line_of(2, timeoutSeconds=30)), script=lonely)
    stepper.at(6, lambda: _partition(stepper, healed=False))

    stepper.pass_seconds(1500)
    assert stepper.stage("stage_1").attempt == 1
    assert stepper.stage("stage_1").reason == "PodLost"

    _partition(stepper, healed=True)
    stepper.to_end()
    assert stepper.stage("stage_1").commit is not None
    assert stepper.stage("stage_1").attempt == 2


def test_a_node_that_stays_away_for_half_an_hour_fails_the_stage_and_begins_nothing() -> None:
    lonely = {("stage_1", 1): Behaviour(seconds=1e9, removed_after=8)}
    stepper = Stepper(make_run(*line_of(2, timeoutSeconds=30)), script=lonely)
    stepper.at(6, lambda: _partition(stepper, healed=False))

    stepper.pass_seconds(3000)

    lost = stepper.stage("stage_1")
    assert (lost.state, lost.reason, lost.attempt) == ("Failed", "Orphaned", 1)
    assert lost.message.endswith("it may still run there")
    assert stepper.stage("stage_2").state == "NotRun"


def test_a_result_that_was_stored_behind_a_partition_counts_when_it_heals() -> None:
    lonely = {("stage_1", 1): Behaviour(seconds=100, removed_after=8)}
    stepper = Stepper(make_run(*line_of(2, timeoutSeconds=3000)), script=lonely)
    stepper.at(6, lambda: _partition(stepper, healed=False))
    stepper.at(300, lambda: _partition(stepper, healed=True))

    stepper.to_end()

    assert [stage.attempt for stage in stepper.run.status.stages] == [1, 1]


def _partition(stepper: Stepper, *, healed: bool) -> None:
    if healed:
        stepper.cluster.partitioned.clear()
    else:
        stepper.cluster.partitioned.add("gpu-0")
    stepper.set_node("gpu-0", ready=healed)


def test_a_process_that_outlives_a_forced_removal_is_waited_for() -> None:
    """On a node that is still called ready, 55 s after its kubelet fell silent."""
    stubborn = {("stage_1", 1): Behaviour(seconds=70, removed_after=5)}
    stepper = Stepper(make_run(*line_of(1, timeoutSeconds=600)), script=stubborn)

    stepper.to_end()

    assert stepper.stage("stage_1").attempt == 2


def test_an_artifact_store_that_does_not_answer_is_waited_for() -> None:
    stored = {("stage_1", 1): Behaviour(seconds=5, removed_after=4)}
    stepper = Stepper(make_run(*line_of(1)), script=stored)
    stepper.store_answers = False
    stepper.pass_seconds(300)
    assert stepper.stage("stage_1").reason == "ResultLookup"
    assert stepper.stage("stage_1").attempt == 1

    stepper.store_answers = True
    stepper.to_end()

    assert stepper.stage("stage_1").attempt == 1


def test_without_any_node_nothing_is_tried_and_no_clock_runs() -> None:
    stepper = Stepper(make_run(make_stage("a", startDeadlineSeconds=10)))
    stepper.set_node("gpu-0", ready=False)

    stepper.pass_seconds(500)

    stage = stepper.stage("a")
    assert (stage.state, stage.reason, stage.attempt) == ("Waiting", "NoNodeOfClass", 1)
    assert stepper.cluster.jobs == {}
    assert stepper.points < 10, "waiting costs nothing"


def test_the_next_class_takes_over_after_its_time() -> None:
    stepper = _ends("the next class takes it")

    assert {p.node for p in stepper.cluster.processes.values()} == {"macmini-0"}
    assert {stage.machine for stage in stepper.run.status.stages} == {"macmini"}
    first = min(p.began for p in stepper.cluster.processes.values())
    assert 20 <= (first - stepper.run.metadata.creationTimestamp).total_seconds() <= 30


def test_eleven_interruptions_are_too_many() -> None:
    script = {("a", n): Behaviour(seconds=1e9, deleted_after=1) for n in range(1, 20)}

    stepper = Stepper(make_run(make_stage("a")), script=script).to_end()

    assert stepper.stage("a").reason == "TooManyInterruptions"
    assert len(stepper.cluster.processes) == 11
