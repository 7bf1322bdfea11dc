"""A run that somebody has deleted and that is there still: it says so, and starts nothing."""

import pytest

from stagework.api.answered import Answered
from stagework.api.observed import PodView
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import JOBS, PODS
from stagework.api.stage_status import StageStatus
from tests.support.builders import (
    World,
    after,
    answers,
    deleted,
    deleting,
    line_of,
    make_intervention,
    make_job,
    make_pod,
    make_run,
    make_status,
    running,
    terminated,
    ungated,
    waiting_for,
)

FIRST, SECOND = make_job("stage_1"), make_job("stage_2")
POD = running(make_pod(FIRST))
RUNS = make_status(
    "stage_1",
    "Running",
    pod=POD.metadata.uid,
    job=FIRST.metadata.name,
    jobUid=FIRST.metadata.uid,
    machine="gpu",
    turnTime=after(0),
)
NEXT = make_status("stage_2", job=SECOND.metadata.name, jobUid=SECOND.metadata.uid)


def _world(*states: StageStatus, summary: str = "Running", pods: tuple[PodView, ...] = ()) -> World:
    stages = line_of(2)
    status = PipelineJobStatus(observedGeneration=1, summary=summary, stages=list(states))
    run = make_run(*stages, status=status, deleted=after(0))
    return World(stages=stages, run=run, states=states, jobs=[FIRST, SECOND], pods=pods)


def test_it_names_what_has_not_ended_once_and_holds_the_slots_of_that_alone() -> None:
    world = _world(RUNS, NEXT, pods=(deleting(POD), make_pod(SECOND)))

    plan = world.plan(after(5))

    assert plan.status is not None
    assert (plan.status.summary, plan.status.message) == (
        "Deleting",
        "it is being deleted; not ended yet: stage_1",
    )
    (held,) = world.evaluated(after(5)).slot_requests
    assert (held.stage, held.holds, held.free) == ("stage_1", "gpu", False)
    again = world.but(run=world.the_run().model_copy(update={"status": plan.status}))
    assert again.plan(after(60)).status is None, "it is said once"


def test_nothing_is_started_and_what_is_held_goes() -> None:
    done = make_status("stage_1", "Succeeded", commit={"attempt": 1, "pod": POD.metadata.uid})
    world = _world(done, NEXT, pods=(terminated(POD), make_pod(SECOND)))

    plan = world.plan(after(5))

    assert deleted(plan, JOBS) == [SECOND.metadata.uid]
    assert (len(plan.actions), plan.afterwards) == (1, ())
    assert world.evaluated(after(5)).slot_requests == ()
    assert plan.status is not None
    assert plan.status.message == "it is being deleted"


def test_what_cannot_start_is_ended_and_what_works_is_left() -> None:
    stuck = waiting_for(ungated(make_pod(FIRST)), "ImagePullBackOff")
    status = RUNS.evolve(state="Stuck", pod=stuck.metadata.uid)

    plan = _world(status, NEXT, pods=(stuck, make_pod(SECOND))).plan(after(5))

    assert set(deleted(plan, JOBS)) == {FIRST.metadata.uid, SECOND.metadata.uid}
    assert deleted(_world(RUNS, NEXT, pods=(POD,)).plan(after(5)), JOBS) == [SECOND.metadata.uid]


def test_what_works_goes_on_for_its_own_time_and_no_longer() -> None:
    works = RUNS.evolve(startTime=after(0))
    world = _world(works, NEXT, pods=(POD,))
    seconds = world.stages[0].timeoutSeconds

    assert deleted(world.plan(after(seconds - 1)), PODS) == []
    assert deleted(world.plan(after(seconds + 1)), PODS) == [POD.metadata.uid]


def test_what_is_asked_of_it_now_comes_too_late_and_what_was_done_is_answered_so() -> None:
    requests = (make_intervention("Retry", "stage_1", uid="new"), make_intervention(uid="noted"))
    world = _world(RUNS, NEXT, pods=(POD,)).but(interventions=requests)
    run = world.the_run()
    noted = run.status.evolve(answered=[Answered(uid="noted", affected=1, refused="")])

    plan = world.but(run=run.model_copy(update={"status": noted})).plan(after(5))

    done, late = answers(plan)
    assert [refusal.reason for refusal in late.refused] == ["TargetNotFound"]
    assert (done.affected, done.refused) == (1, [])


@pytest.mark.parametrize("succeeded", ["True", "False"])
def test_one_that_has_ended_says_how_it_ended(succeeded: str) -> None:
    world = _world(make_status("stage_1", "Succeeded", commit={"attempt": 1}))
    condition = {
        "type": "Succeeded",
        "status": succeeded,
        "reason": "Completed",
        "lastTransitionTime": after(0),
    }
    ended = PipelineJobStatus.model_validate({"conditions": [condition], "summary": "Completed"})

    plan = world.but(run=make_run(status=ended, deleted=after(0)), jobs=[]).plan(after(5))

    assert (plan.status, plan.actions) == (None, ())
