"""Whole runs, second by second, in a pretended cluster that checks the invariants as it goes."""

import json

import pytest

from tests.support.builders import after, line_of, make_node, make_run, make_stage
from tests.support.stepper import Behaviour, Stepper
from tests.support.stepper.behaviour import HANGS
from tests.support.stepper.scenarios import SCENARIOS


def _ends(name: str) -> Stepper:
    return SCENARIOS[name](None).to_end()


def _attempts(stepper: Stepper) -> list[int]:
    return [stage.attempt for stage in stepper.run.status.stages]


def test_a_line_of_nine_runs_from_top_to_bottom() -> None:
    stepper = _ends("a line of nine")

    assert stepper.run.status.summary == "Completed"
    assert stepper.run.status.progress == "9/9"
    assert _attempts(stepper) == [1] * 9
    began = [p.began for p in stepper.cluster.processes.values()]
    assert began == sorted(began)
    assert [e.reason for e in stepper.events] == ["StageStarted"] * 9 + ["Completed"]


def test_look_ahead_makes_the_next_pods_while_one_runs_and_is_faster() -> None:
    ahead = Stepper(make_run(*line_of(9))).to_end()
    one_by_one = Stepper(make_run(*line_of(9)), look_ahead=0).to_end()

    assert ahead.now < one_by_one.now
    assert one_by_one.run.status.summary == "Completed"


def test_a_stage_is_given_what_the_stages_above_it_have_committed() -> None:
    stepper = _ends("a fork")

    (last,) = (u for u, p in stepper.cluster.processes.items() if p.stage == "d")
    given = json.loads(stepper.cluster.inputs[last])
    meta = stepper.run.metadata
    assert given["stages"] == {
        stage.name: stage.commit.prefix_of(meta.namespace, meta.uid, stage.name)
        for stage in stepper.run.status.stages
        if stage.commit is not None and stage.name != "d"
    }


def test_branches_of_a_fork_run_side_by_side_on_their_own_classes() -> None:
    stepper = _ends("a fork")

    by_stage = {p.stage: p for p in stepper.cluster.processes.values()}
    assert (by_stage["b"].node, by_stage["c"].node) == ("macmini-0", "macbook-0")
    assert by_stage["b"].ended is not None
    assert by_stage["c"].began < by_stage["b"].ended


def test_a_run_writes_little() -> None:
    """Two writes of a Job or of the status for each stage that ends within a second or so."""
    quick = {(f"stage_{n}", 1): Behaviour(seconds=0) for n in range(1, 10)}

    stepper = Stepper(make_run(*line_of(9)), script=quick).to_end()

    assert stepper.status_writes <= 9 * 3 + 3


@pytest.mark.parametrize("slots", [1, 2])
def test_no_more_run_at_once_than_there_are_slots(slots: int) -> None:
    runs = [
        make_run(*line_of(2), name=f"run-{n}", uid=f"uid-{n}", created=after(n)) for n in range(6)
    ]
    nodes = [make_node(f"gpu-{n}") for n in range(slots)]
    stepper = Stepper(*runs, nodes=nodes)
    most = 0
    while not all(run.status.ended for run in stepper.runs.values()):
        stepper.second()
        alive = sum(p.ended is None for p in stepper.cluster.processes.values())
        most = max(most, alive)

    assert most == slots
    assert {run.status.summary for run in stepper.runs.values()} == {"Completed"}


def test_begun_runs_end_before_new_ones_begin_and_priority_goes_first() -> None:
    runs = [
        make_run(*line_of(2), name=f"r{n}", uid=f"u{n}", created=after(n), priority=9 * (n == 2))
        for n in range(3)
    ]

    stepper = Stepper(*runs, nodes=[make_node()]).to_end()

    order = [(p.run_uid, p.stage) for p in stepper.cluster.processes.values()]
    assert order == [
        ("u0", "stage_1"),  # it came when the slot was free
        ("u2", "stage_1"),  # then priority, before begun work
        ("u2", "stage_2"),
        ("u0", "stage_2"),  # then begun work
        ("u1", "stage_1"),
        ("u1", "stage_2"),
    ]


def test_a_finished_run_is_silent() -> None:
    stepper = _ends("a line of nine")
    writes = stepper.points

    stepper.pass_seconds(60)

    assert stepper.points == writes


def test_finished_stages_stay_finished_when_jobs_pods_and_nodes_go() -> None:
    stepper = Stepper(make_run(*line_of(2)), script={("stage_2", 1): Behaviour(seconds=30)})
    stepper.until(lambda: stepper.states()["stage_2"] == "Running")
    for uid in [u for u, p in stepper.cluster.pods.items() if "stage_1" in str(p.metadata.labels)]:
        stepper.cluster.remove_pod(uid)
    for uid in [u for u, j in stepper.cluster.jobs.items() if "stage_1" in str(j.metadata.labels)]:
        stepper.cluster.delete_job(uid, stepper.now)

    stepper.to_end()

    assert stepper.run.status.summary == "Completed"
    assert _attempts(stepper) == [1, 1]


def test_jobs_go_after_their_keep_time_and_the_run_with_its_own() -> None:
    run = make_run(*line_of(1), ttlSecondsAfterFinished=5000)
    stepper = Stepper(run).to_end()
    assert stepper.cluster.jobs

    stepper.pass_seconds(3700)
    assert not stepper.cluster.jobs
    assert stepper.runs

    stepper.pass_seconds(1400)
    assert not stepper.runs


def test_a_stage_without_a_clock_of_its_own_ends_with_its_timeout() -> None:
    stepper = Stepper(
        make_run(make_stage("a", retries=0, timeoutSeconds=30)), script={("a", 1): HANGS}
    ).to_end()

    assert stepper.stage("a").reason == "TimedOut"
    (process,) = stepper.cluster.processes.values()
    assert process.ended is not None
    assert 30 <= (process.ended - process.began).total_seconds() <= 35


def test_a_fork_of_failures_tells_what_was_not_run() -> None:
    stepper = _ends("a branch fails for good")

    assert stepper.states() == {"a": "Succeeded", "b": "Failed", "c": "Succeeded", "d": "NotRun"}
    assert stepper.stage("d").message == "b failed"
    assert stepper.run.status.summary == "StageFailed"
