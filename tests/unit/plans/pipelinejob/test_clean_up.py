"""What is taken away, when, and what is left alone."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from stagework.api.intervention import InterventionStatus
from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import OwnerReference, PodView
from stagework.api.resources import JOBS, PODS
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import (
    T0,
    World,
    after,
    deleted,
    deleting,
    ended_job,
    line_of,
    make_intervention,
    make_job,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
)

DONE = make_status("a", "Succeeded", commit={"attempt": 1, "pod": "pod-of-job-a-1"})


def _over(**changes: Any) -> World:
    status = {"completionTime": T0, "summary": "Completed"}
    return World(stages=[make_stage("a")], states=[DONE], status=status, **changes)


def test_jobs_are_kept_for_a_while_after_the_end() -> None:
    world = _over(jobs=[ended_job(make_job("a"), "Complete")], keep_jobs_seconds=100)

    before, over = world.plan(after(99)), world.plan(after(100))

    assert (deleted(before, JOBS), before.wake_at) == ([], after(100))
    assert deleted(over, JOBS) == ["job-a-1"]


def test_a_strangers_job_is_never_deleted() -> None:
    world = _over(jobs=[make_job("a", run_uid="another")], keep_jobs_seconds=0)

    assert world.plan(after(10)).actions == ()


def test_jobs_that_go_already_are_not_deleted_twice() -> None:
    world = _over(jobs=[make_job("a", deleted=T0)], keep_jobs_seconds=0)

    assert world.plan(after(10)).actions == ()


@pytest.mark.parametrize(
    ("ttl", "seconds", "gone"), [(60, 59, False), (60, 60, True), (0, 0, True)]
)
def test_a_run_goes_with_its_time_to_live(ttl: int, seconds: int, *, gone: bool) -> None:
    plan = _over(spec={"ttlSecondsAfterFinished": ttl}).plan(after(seconds))

    assert bool(deleted(plan, PIPELINEJOB.resource)) is gone
    assert plan.wake_at == (None if gone else after(ttl))


@pytest.mark.parametrize(
    ("seconds", "again"), [(60, 62), (65, 70), (90, 120), (600, 660), (3650, 3660)]
)
def test_a_run_that_history_has_not_acknowledged_stays_longer(seconds: int, again: int) -> None:
    plan = _over(spec={"ttlSecondsAfterFinished": 60}, remembered=False).plan(after(seconds))

    assert deleted(plan, PIPELINEJOB.resource) == []
    assert plan.wake_at == after(again)


def test_but_an_hour_at_most_and_then_that_is_said() -> None:
    world = _over(spec={"ttlSecondsAfterFinished": 60}, remembered=False)

    plan = world.plan(after(3660))

    assert deleted(plan, PIPELINEJOB.resource)
    assert ("HistoryMissed", "Warning") in {(event.reason, event.type) for event in plan.events}
    remembered = world.but(remembered=True).plan(after(3660))
    assert "HistoryMissed" not in {event.reason for event in remembered.events}


def test_a_run_without_a_time_to_live_stays() -> None:
    plan = _over().plan(after(10**8))

    assert plan.actions == ()
    assert plan.wake_at is None


def test_a_run_that_is_not_over_has_no_time_to_live() -> None:
    world = World(states=[make_status()], spec={"ttlSecondsAfterFinished": 0}, nodes=[])

    assert world.plan(after(10)).actions == ()


HELD = make_job("b")


@pytest.mark.parametrize(
    ("state", "remakes"),
    [
        pytest.param(make_status("b"), 1, id="will not run: a later retry may want one again"),
        pytest.param(make_status("b", "Skipped"), 0, id="skipped"),
    ],
)
def test_a_held_job_that_gets_no_turn_any_more_goes(state: Any, remakes: int) -> None:
    world = World(
        stages=[make_stage("a"), make_stage("b")],
        states=[make_status("a", "Failed", reason="NonZeroExit"), state],
        jobs=[HELD],
        pods=[make_pod(HELD)],
    )

    assert deleted(world.plan(), JOBS) == [HELD.metadata.uid]
    assert world.stages_after()["b"].remakes == remakes


def test_a_job_whose_pod_is_gone_stays_with_its_committed_stage() -> None:
    world = World(
        stages=line_of(1),
        states=[make_status("stage_1", "Succeeded", commit={"attempt": 1})],
        jobs=[ended_job(make_job("stage_1"), "Complete")],
    )

    assert world.plan().actions == ()


def test_a_held_job_of_an_attempt_that_is_over_goes() -> None:
    old, new = make_job("a", 1), make_job("a", 2)
    world = World(
        stages=[make_stage("a")],
        states=[make_status("a", "Running", attempt=2, pod=make_pod(new).metadata.uid)],
        jobs=[old, new],
        pods=[make_pod(old), running(make_pod(new))],
    )

    assert deleted(world.plan(), JOBS) == [old.metadata.uid]


@pytest.mark.parametrize("attempt", [1, 2], ids=["its own attempt", "one that was never stored"])
@pytest.mark.parametrize("state", ["Succeeded", "Skipped"])
def test_what_a_job_makes_after_its_stage_has_ended_goes(attempt: int, state: str) -> None:
    """The Job controller replaces a Pod that was removed by force: nobody would ever ungate it."""
    job, commit = make_job("a", attempt), {"attempt": 1} if state == "Succeeded" else None
    world = World(
        stages=[make_stage("a")],
        states=[
            make_status("a", state, pod="gone", job=make_job("a").metadata.name, commit=commit)
        ],
        jobs=[job],
        pods=[make_pod(job)],
    )

    assert deleted(world.plan(), JOBS) == [job.metadata.uid]


@pytest.mark.parametrize(
    "world",
    [
        pytest.param({"pods": [running(make_pod(make_job("a", 1)))]}, id="its Pod is out"),
        pytest.param({"jobs": [make_job("a", 1, run_uid="another")]}, id="a stranger's"),
        pytest.param({"jobs": [ended_job(make_job("a", 1))]}, id="it has ended: its log is kept"),
        pytest.param({"jobs": [make_job("a", 9)]}, id="a later attempt's"),
    ],
)
def test_other_jobs_of_earlier_attempts_are_left(world: dict[str, Any]) -> None:
    quiet: dict[str, Any] = {"jobs": [make_job("a", 1)], "nodes": []}
    plan = World(
        stages=[make_stage("a")],
        states=[make_status("a", attempt=2)],
        **{**quiet, **world},
    ).plan()

    assert deleted(plan, JOBS) == []


def _with_sidecar(pod: PodView) -> PodView:
    ended = terminated(pod, message=mark(pod), finished=after(5))
    return msgspec.structs.replace(
        ended, status=msgspec.structs.replace(ended.status, phase="Running")
    )


@pytest.mark.parametrize(("seconds", "ended"), [(34, False), (35, True)])
def test_a_pod_that_lives_on_after_its_commit_is_ended_after_thirty_seconds(
    seconds: int, *, ended: bool
) -> None:
    job = make_job("a")
    world = _over(jobs=[job], pods=[_with_sidecar(make_pod(job))])

    plan = world.plan(after(seconds))

    assert deleted(plan, PODS) == (["pod-of-job-a-1"] if ended else [])
    if not ended:
        assert plan.wake_at == after(35)


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param([terminated(make_pod(make_job("a")))], id="wholly over"),
        pytest.param([deleting(_with_sidecar(make_pod(make_job("a"))))], id="going already"),
        pytest.param(
            [_with_sidecar(make_pod(make_job("a", uid="x", run_uid="another")))], id="a stranger's"
        ),
    ],
)
def test_other_pods_are_left_alone(pods: list[PodView]) -> None:
    world = _over(jobs=[make_job("a")], pods=pods, keep_jobs_seconds=10**6)

    assert world.plan(after(1000)).actions == ()


def _stored_end(**changes: Any) -> World:
    """A run whose end is stored, conditions and all."""
    run = World(stages=[make_stage("a")], states=[DONE]).the_run()
    status = run_status(run, [DONE], [], T0)
    done = run.model_copy(update={"status": status})
    return World(stages=[make_stage("a")], states=[DONE], run=done, **changes)


@pytest.mark.parametrize(
    ("world", "may_leave"),
    [
        pytest.param(_stored_end(), True, id="it has ended"),
        pytest.param(_stored_end(jobs=[make_job("a", deleted=T0)]), False, id="a Job is there"),
        pytest.param(
            _stored_end(pods=[terminated(make_pod(make_job("a")))]), False, id="a Pod is there"
        ),
        pytest.param(
            _stored_end(interventions=[make_intervention()]), False, id="somebody asks for a retry"
        ),
        pytest.param(
            _stored_end(interventions=[make_intervention(status=InterventionStatus(answered=T0))]),
            True,
            id="somebody has asked",
        ),
        pytest.param(_over(), False, id="its end is not stored yet"),
        pytest.param(World(states=[make_status(reason="NoFreeSlot")]), False, id="it waits"),
    ],
)
def test_a_run_may_leave_memory_once_its_stored_end_leaves_nothing_to_do(
    world: World, *, may_leave: bool
) -> None:
    assert world.plan(after(1)).nothing_to_come is may_leave


@pytest.mark.parametrize(("maker", "may_leave"), [("Batch", False), ("ScheduledJob", True)])
def test_a_run_of_a_batch_stays_in_memory_until_the_batch_has_read_its_stages(
    maker: str, *, may_leave: bool
) -> None:
    world = _stored_end()
    assert world.run is not None
    owner = OwnerReference(uid="u", controller=True, kind=maker, name="m", api_version="x/v1")
    meta = world.run.metadata.model_copy(update={"ownerReferences": (owner,)})
    owned = replace(world, run=world.run.model_copy(update={"metadata": meta}))
    assert owned.plan(after(1)).nothing_to_come is may_leave


@pytest.mark.parametrize("state", ["Failed", "Skipped"])
def test_the_last_pod_of_a_stage_that_did_not_succeed_is_ended_too(state: Any) -> None:
    """What else runs in it would hold its machine for ever."""
    job = make_job("a")
    pod = _with_sidecar(make_pod(job))
    over = make_status("a", state, pod=pod.metadata.uid, reason="NonZeroExit", message="x")
    world = _over(jobs=[job], pods=[pod]).but(states=[over])

    before, due = world.plan(after(34)), world.plan(after(35))

    assert (deleted(before, PODS), before.wake_at) == ([], after(35))
    assert deleted(due, PODS) == [pod.metadata.uid]
