"""What is held and gets no turn goes: beside a Pod that has run, or of a Job that we do not see."""

from typing import Any

import pytest

from stagework.api.resources import JOBS, PODS
from stagework.plans.made import NOTHING_MADE
from stagework.plans.pipelinejob.children import Children
from tests.support.builders import (
    World,
    after,
    deleted,
    ended_job,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
)

JOB = make_job("a")
WINNER, SECOND = make_pod(JOB), make_pod(JOB, uid="second")
DONE = make_status("a", "Succeeded", commit={"attempt": 1, "pod": WINNER.metadata.uid})
AT_WORK = make_status("a", "Running", pod=WINNER.metadata.uid, job=JOB.metadata.name, machine="gpu")


def _world(state: Any, *pods: Any, job: Any = JOB) -> World:
    return World(stages=[make_stage("a")], states=[state], jobs=[job], pods=pods)


@pytest.mark.parametrize("job", [JOB, ended_job(JOB, "Complete")], ids=["at work", "complete"])
def test_a_held_pod_beside_one_that_has_run_goes_alone(job: Any) -> None:
    plan = _world(DONE, terminated(WINNER), SECOND, job=job).plan(after(9))

    assert deleted(plan, PODS) == ["second"]
    assert deleted(plan, JOBS) == []


def test_a_held_pod_of_a_job_that_has_ended_goes_though_the_winner_is_gone() -> None:
    plan = _world(DONE, SECOND, job=ended_job(JOB, "Complete")).plan(after(9))

    assert deleted(plan, PODS) == ["second"]
    assert deleted(plan, JOBS) == []


def test_while_the_first_runs_the_job_controller_decides_about_the_second() -> None:
    plan = _world(AT_WORK, running(WINNER), SECOND).plan(after(9))

    assert deleted(plan, PODS) == []


def test_a_chosen_pod_whose_gate_is_still_seen_is_no_replacement() -> None:
    plan = _world(AT_WORK, WINNER, terminated(SECOND, 1)).plan(after(9))

    assert deleted(plan, PODS) == []


HELD = make_job("b")
SKIPPED = make_status("b", "Skipped", job=HELD.metadata.name, jobUid=HELD.metadata.uid)


def _without_job(state: Any, *pods: Any) -> World:
    """Our watch shows no Job: somebody has taken its labels off."""
    return World(stages=[make_stage("b")], states=[state], pods=pods)


@pytest.mark.parametrize(
    ("state", "goes"),
    [
        pytest.param(SKIPPED, True, id="recorded"),
        pytest.param(make_status("b", "Skipped"), True, id="known by its name"),
        pytest.param(make_status("b", attempt=2), True, id="of an attempt that is over"),
        pytest.param(make_status("b", job=HELD.metadata.name, jobUid="job-b-1"), False, id="waits"),
    ],
)
def test_a_job_without_labels_goes_along_its_held_pod(state: Any, *, goes: bool) -> None:
    plan = _without_job(state, make_pod(HELD)).plan(after(9))

    assert deleted(plan, JOBS) == ([HELD.metadata.uid] if goes else [])


def test_a_strangers_job_is_not_known_by_what_a_pod_says() -> None:
    stranger = make_job("b", run_uid="another", uid="j9")

    assert deleted(_without_job(SKIPPED, make_pod(stranger)).plan(after(9)), JOBS) == []


def test_without_classes_nothing_is_told_from_a_pod() -> None:
    world = _without_job(SKIPPED, make_pod(HELD))
    children = Children(world.the_run().metadata, (), world.pods)

    assert [*children.own_jobs([SKIPPED], NOTHING_MADE)] == []
