"""Whole runs that people suspend, retry and skip, in the middle and after the end."""

from tests.support.builders import line_of, make_intervention, make_run
from tests.support.stepper import Stepper
from tests.support.stepper.behaviour import FAILS, HANGS
from tests.support.stepper.scenarios import SCENARIOS, fork


def _failed() -> Stepper:
    script = {("stage_2", n): FAILS for n in (1, 2, 3)}
    stepper = Stepper(make_run(*line_of(3)), script=script).to_end()
    assert stepper.run.status.summary == "StageFailed"
    return stepper


def test_a_suspended_run_starts_nothing_new_until_it_is_resumed() -> None:
    stepper = SCENARIOS["suspended and resumed"](None)
    stepper.pass_seconds(20)
    assert stepper.run.status.summary == "Suspended"
    assert {s.reason for s in stepper.run.status.stages if s.state == "Waiting"} <= {
        "Suspended",
        "DependenciesPending",
    }
    assert not any(p.held_by("stagework.dev/turn") for p in stepper.cluster.pods.values())
    begun = len(stepper.cluster.processes)
    stepper.pass_seconds(15)
    assert len(stepper.cluster.processes) == begun

    stepper.to_end()

    assert stepper.run.status.summary == "Completed"


def test_a_retry_after_the_end_runs_the_failed_stage_and_what_follows() -> None:
    stepper = _failed()

    stepper.ask(make_intervention("Retry"))
    stepper.pass_seconds(1)
    assert stepper.run.status.summary == "Starting"
    assert stepper.run.status.completionTime is None
    stepper.to_end()

    assert stepper.run.status.summary == "Completed"
    assert [s.attempt for s in stepper.run.status.stages] == [1, 4, 1]
    assert stepper.requests[0].status.summary == "Done"


def test_a_skip_after_the_end_makes_it_a_good_one() -> None:
    stepper = _failed()

    stepper.ask(make_intervention("Skip", "stage_2"))
    stepper.pass_seconds(5)

    assert stepper.run.status.summary == "CompletedWithSkips"
    assert stepper.states() == {"stage_1": "Succeeded", "stage_2": "Skipped", "stage_3": "NotRun"}


def test_a_skip_after_the_end_may_let_the_rest_run() -> None:
    stepper = _failed()

    stepper.ask(make_intervention("Skip", "stage_2", descendants="Run"))
    stepper.pass_seconds(1)
    stepper.to_end()

    assert stepper.run.status.summary == "CompletedWithSkips"
    assert stepper.states()["stage_3"] == "Succeeded"


def test_a_retry_of_what_succeeded_runs_everything_below_it_again() -> None:
    stepper = Stepper(make_run(*line_of(3))).to_end()

    stepper.ask(make_intervention("Retry", "stage_2"))
    stepper.pass_seconds(1)
    stepper.to_end()

    assert [s.attempt for s in stepper.run.status.stages] == [1, 2, 2]
    assert stepper.run.status.summary == "Completed"


def test_a_retry_in_mid_run_stops_what_runs_below_before_it_starts_again() -> None:
    stepper = SCENARIOS["a retry in mid-run"](None).to_end()

    assert [s.attempt for s in stepper.run.status.stages] == [2, 2, 1, 1]
    assert stepper.run.status.summary == "Completed"
    again = [
        p for p in stepper.cluster.processes.values() if (p.stage, p.attempt) == ("stage_1", 2)
    ]
    assert len(again) == 1


def test_a_retry_leaves_side_branches_alone() -> None:
    stepper = SCENARIOS["a retry beside other work"](None).to_end()

    attempts = {s.name: s.attempt for s in stepper.run.status.stages}
    assert attempts == {"a": 1, "b": 2, "c": 1, "d": 2}


def test_a_skip_of_what_hangs_ends_its_process() -> None:
    stepper = Stepper(make_run(*line_of(2)), script={("stage_1", 1): HANGS})
    stepper.until(lambda: stepper.states()["stage_1"] == "Running")

    stepper.ask(make_intervention("Skip", "stage_1", descendants="Run"))
    stepper.to_end()

    assert stepper.run.status.summary == "CompletedWithSkips"
    assert all(p.ended is not None for p in stepper.cluster.processes.values())


def test_a_skip_of_what_is_lost_needs_no_node() -> None:
    """A person may always go on: skip, then retry."""
    stepper = Stepper(make_run(*line_of(2)), script={("stage_1", 1): HANGS})
    stepper.until(lambda: stepper.states()["stage_1"] == "Running")
    stepper.set_node("gpu-0", ready=False)
    stepper.cluster.remove_pod(stepper.live_pod("stage_1"))
    stepper.pass_seconds(100)
    assert stepper.stage("stage_1").reason == "PodLost"

    stepper.ask(make_intervention("Skip", "stage_1"))
    stepper.pass_seconds(3)

    assert stepper.states()["stage_1"] == "Skipped"
    assert stepper.run.status.summary == "CompletedWithSkips"


def test_a_double_click_makes_one_attempt() -> None:
    stepper = _failed()

    stepper.ask(make_intervention("Retry", "stage_2", uid="1", attempt=3))
    stepper.ask(make_intervention("Retry", "stage_2", uid="2", attempt=3))
    stepper.pass_seconds(1)
    stepper.to_end()

    assert stepper.stage("stage_2").attempt == 4
    assert [r.status.summary for r in stepper.requests] == ["Done", "Refused"]


def test_forty_five_requests_are_all_answered_and_the_last_twenty_kept() -> None:
    stepper = Stepper(make_run(*fork()), script={("b", n): HANGS for n in (1, 2, 3)})
    stepper.pass_seconds(10)

    for number in range(45):
        stepper.ask(make_intervention("Skip", "d", uid=f"iv-{number:02}"))
    stepper.pass_seconds(5)

    assert len(stepper.requests) == 20
    assert all(r.status.answered is not None for r in stepper.requests)
    assert stepper.states()["d"] == "Skipped"
