"""Which slots does a run hold, and which does it want?"""

from dataclasses import replace
from typing import Any

import pytest

from stagework.api.kinds import BATCH, SCHEDULEDJOB
from stagework.api.observed import PodView
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import ObjectRef
from stagework.plans.pipelinejob.plan import evaluate
from stagework.policies.slots.request import SlotRequest
from tests.support.builders import (
    GPU,
    MACMINI,
    NAMESPACE,
    World,
    after,
    deleting,
    line_of,
    make_fleet,
    make_job,
    make_node,
    make_pod,
    make_run,
    make_stage,
    make_status,
    running,
    terminated,
    ungated,
    waiting_for,
)
from tests.support.builders.children import owner_of

JOB = make_job("a")
POD = make_pod(JOB)
OUT = make_status("a", "Running", pod=POD.metadata.uid, machine="gpu")
ONE = World(stages=[make_stage("a")], states=[make_status("a")])


def _requests(world: World, seconds: float = 0) -> tuple[SlotRequest, ...]:
    return world.evaluated(after(seconds)).slot_requests


def test_a_stage_that_may_start_wants_a_slot_of_its_class() -> None:
    (request,) = _requests(ONE)

    assert (request.stage, request.classes, request.holds) == ("a", ("gpu",), "")


@pytest.mark.parametrize(
    ("owner", "batch"),
    [
        pytest.param(BATCH.ref(NAMESPACE, "many", "b-uid"), "b-uid", id="a chunk of a batch"),
        pytest.param(SCHEDULEDJOB.ref(NAMESPACE, "s", "s-uid"), "", id="a schedule's run"),
        pytest.param(None, "", id="a run of nobody"),
    ],
)
def test_a_chunk_wants_its_slot_in_the_turn_of_its_batch(
    owner: ObjectRef | None, batch: str
) -> None:
    run = make_run(make_stage("a"))
    owners = (owner_of(owner),) if owner is not None else ()
    meta = run.metadata.model_copy(update={"ownerReferences": owners})
    (request,) = _requests(ONE.but(run=run.model_copy(update={"metadata": meta})))

    assert request.order.batch == batch


def test_only_stages_whose_turn_may_come_want_one() -> None:
    world = World(stages=line_of(3), states=[make_status(f"stage_{n}") for n in (1, 2, 3)])

    assert [request.stage for request in _requests(world)] == ["stage_1"]


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(ONE.but(spec={"suspend": True}), id="suspended"),
        pytest.param(
            ONE.but(states=[make_status("a", notBeforeTime=after(1))]), id="in its back-off"
        ),
        pytest.param(
            ONE.but(states=[make_status("a", "Succeeded", commit={"attempt": 1})]), id="done"
        ),
        pytest.param(ONE.but(states=[make_status("a", "Failed")]), id="failed"),
        pytest.param(ONE.but(nodes=[]), id="no node of its class"),
        pytest.param(
            ONE.but(
                states=[make_status("a", "Starting", stopping={"reason": "TimedOut"})],
                jobs=[make_job("a")],
                pods=[make_pod(make_job("a"))],
            ),
            id="to be ended",
        ),
    ],
)
def test_a_stage_that_may_not_start_wants_none(world: World) -> None:
    assert _requests(world) == ()


def test_at_the_end_of_its_back_off_it_wants_one_again() -> None:
    world = ONE.but(states=[make_status("a", attempt=2, notBeforeTime=after(10))])

    assert [request.stage for request in _requests(world, 10)] == ["a"]


def test_a_chosen_pod_holds_the_slot_of_the_class_that_we_gave_it() -> None:
    """Whatever its labels say."""
    pod = running(ungated(POD, "macbook"))

    (request,) = _requests(ONE.but(states=[OUT], jobs=[JOB], pods=[pod]))

    assert (request.holds, request.free) == ("gpu", False)


def test_a_chosen_pod_whose_gate_is_on_wants_a_slot_of_its_class_alone() -> None:
    """Where removing the gate is refused for long, others have the slot meanwhile."""
    chosen = make_status(
        "a", "Starting", pod=POD.metadata.uid, machine="macmini", turnTime=after(0)
    )

    (request,) = _requests(ONE.but(states=[chosen], jobs=[JOB], pods=[POD]))

    assert (request.holds, request.classes) == ("", ("macmini",))


def test_a_pod_that_somebody_else_ungated_neither_holds_a_slot_nor_wants_one() -> None:
    first = ONE.but(jobs=[JOB], pods=[running(POD)])
    noted = first.but(states=[*first.stages_after().values()])

    assert noted.stages_after()["a"].reason == "GateRemovedByOthers"
    assert _requests(first) == _requests(noted) == ()


@pytest.mark.parametrize(
    "nodes",
    [[make_node("gpu-0", ready=False)], [make_node("macmini-0", "macmini")]],
    ids=["not ready", "gone"],
)
def test_an_attempt_on_a_node_that_is_away_holds_none(nodes: list[Any]) -> None:
    world = ONE.but(states=[OUT], jobs=[JOB], pods=[running(POD)], nodes=nodes)

    (request,) = _requests(world)

    assert (request.holds, request.free, request.away_on) == ("gpu", True, "gpu-0")
    again = request.node_is_back("gpu-0")
    assert (again.holds, again.free) == ("gpu", False)
    assert request.node_is_back("gpu-1") == request


def test_a_stage_whose_pod_is_lost_still_holds_its_slot() -> None:
    state = make_status("a", "Running", pod="gone", node="gpu-0", machine="gpu", reason="PodLost")

    (request,) = _requests(ONE.but(states=[state]))

    assert request.holds == "gpu"


def test_priority_then_begun_then_age_make_the_order() -> None:
    plain = _requests(ONE)[0].order
    urgent = _requests(ONE.but(spec={"priority": 7}))[0].order
    begun = _requests(ONE.but(states=[make_status("a", attempt=2)]))[0].order

    assert urgent < begun < plain


def test_among_equals_the_name_decides_and_not_the_uid() -> None:
    one, two = (
        World(run=make_run(name=name, uid=uid), stages=[make_stage("a")])
        for name, uid in (("ad-1", "zzz"), ("ad-2", "aaa"))
    )

    assert _requests(one)[0].order < _requests(two)[0].order


def test_a_run_is_in_line_from_its_acceptance_on() -> None:
    (request,) = _requests(World(stages=[make_stage("a"), make_stage("b")]))

    assert (request.stage, request.classes, request.holds) == ("a", ("gpu",), "")


def _cordoned(*, cordoned: bool) -> World:
    job = make_job("a")
    pod = running(make_pod(job))
    state = make_status("a", "Running", pod=pod.metadata.uid, node="gpu-0", machine="gpu")
    nodes = [make_node("gpu-0", cordoned=cordoned), make_node("gpu-1")]
    return ONE.but(states=[state], jobs=[job], pods=[pod], nodes=nodes)


@pytest.mark.parametrize("cordoned", [True, False])
def test_what_runs_on_a_cordoned_node_takes_no_other_nodes_slot(*, cordoned: bool) -> None:
    (request,) = _requests(_cordoned(cordoned=cordoned))

    assert request.free == cordoned


@pytest.mark.parametrize(("seconds", "free"), [(29, False), (30, True)])
def test_what_cannot_start_holds_its_slot_only_for_a_while(seconds: int, *, free: bool) -> None:
    job = make_job("a")
    pod = waiting_for(make_pod(job), "ImagePullBackOff")
    state = make_status("a", "Starting", pod=pod.metadata.uid, machine="gpu", turnTime=after(0))

    (request,) = _requests(ONE.but(states=[state], jobs=[job], pods=[pod]), seconds)

    assert (request.holds, request.free) == ("gpu", free)


@pytest.mark.parametrize(("seconds", "free"), [(79, False), (80, True)])
def test_the_while_counts_from_when_its_job_was_made_where_that_came_late(
    seconds: int, *, free: bool
) -> None:
    """Not from each look: what is seen once at 50 s is over at 80 s, whoever looks."""
    job = make_job("a")
    pod = waiting_for(make_pod(job), "ImagePullBackOff")
    state = make_status(
        "a",
        "Starting",
        pod=pod.metadata.uid,
        job=job.metadata.name,
        jobUid=job.metadata.uid,
        machine="gpu",
        turnTime=after(0),
        recreatedTime=after(50),
    )

    (request,) = _requests(ONE.but(states=[state], jobs=[job], pods=[pod]), seconds)

    assert request.free == free


@pytest.mark.parametrize("reason", ["QuotaExceeded", "PodRefused"])
def test_where_events_say_that_no_pod_will_come_the_slot_goes_back_at_once(reason: str) -> None:
    job = make_job("a")
    state = make_status(
        "a",
        "Starting",
        reason=reason,
        machine="gpu",
        job=job.metadata.name,
        jobUid=job.metadata.uid,
        turnTime=after(0),
    )
    world = ONE.but(states=[state], jobs=[job])

    (request,) = _requests(world, 11)
    assert (request.holds, request.free) == ("gpu", True)
    (request,) = _requests(world.but(pods=[make_pod(job)]), 11)
    assert (request.holds, request.free) == ("", False), "its Pod is there after all"


def test_what_starts_after_all_counts_again() -> None:
    job = make_job("a")
    pod = running(make_pod(job), since=after(50))
    state = make_status("a", "Stuck", pod=pod.metadata.uid, machine="gpu", turnTime=after(0))

    (request,) = _requests(ONE.but(states=[state], jobs=[job], pods=[pod]), 60)

    assert (request.holds, request.free) == ("gpu", False)


def test_what_is_stuck_without_a_pod_keeps_its_turn_without_a_slot() -> None:
    state = make_status("a", "Stuck", machine="gpu", turnTime=after(0), reason="QuotaExceeded")

    (request,) = _requests(ONE.but(states=[state]), 60)

    assert (request.holds, request.free) == ("gpu", True)


def test_once_its_pod_is_there_and_held_it_wants_a_slot_like_any_other() -> None:
    job = make_job("a")
    state = make_status("a", "Stuck", machine="gpu", turnTime=after(0), reason="PodCreating")

    (request,) = _requests(ONE.but(states=[state], jobs=[job], pods=[make_pod(job)]), 60)

    assert (request.holds, request.free, request.classes) == ("", False, ("gpu",))


# A run that cannot be evaluated holds by its records.

AT_WORK = make_status("a", "Running", pod="pod-of-job-a-1", machine="gpu", turnTime=after(3))


def _deleted(pod: PodView, **changes: Any) -> World:
    status = PipelineJobStatus(stages=[AT_WORK])
    run = make_run(make_stage("a"), status=status, deleted=after(5))
    return World(run=run, stages=[make_stage("a")], jobs=[JOB], pods=[pod], **changes)


@pytest.mark.parametrize(
    ("pod", "held"),
    [
        pytest.param(running(make_pod(JOB)), True, id="runs"),
        pytest.param(deleting(running(make_pod(JOB))), True, id="is being deleted"),
        pytest.param(waiting_for(make_pod(JOB), "ErrImagePull"), True, id="starts"),
        pytest.param(terminated(make_pod(JOB), 143), False, id="has ended"),
        pytest.param(
            terminated(make_pod(JOB), 0, phase="Running"), False, id="only its sidecar lives on"
        ),
        pytest.param(make_pod(JOB), False, id="never ungated"),
        pytest.param(running(make_pod(JOB, uid="forged")), False, id="not the recorded one"),
    ],
)
def test_a_deleted_run_holds_a_slot_while_its_recorded_pod_is_out(
    pod: PodView, *, held: bool
) -> None:
    requests = _requests(_deleted(pod))

    assert [(r.holds, r.pod, r.since) for r in requests] == [
        ("gpu", "pod-of-job-a-1", after(3))
    ] * held


def test_so_does_one_whose_revision_is_lost() -> None:
    status = PipelineJobStatus(stages=[AT_WORK], pipelineRevision="gone")
    run = make_run(status=status, pipeline="ad-image")
    snapshot = World(run=run, jobs=[JOB], pods=[running(make_pod(JOB))]).snapshot()

    requests = evaluate(replace(snapshot, resolved=None), after(9)).slot_requests

    assert [request.holds for request in requests] == ["gpu"]


@pytest.mark.parametrize("deleted", [True, False])
def test_a_class_that_is_renamed_is_found_by_the_node(*, deleted: bool) -> None:
    pod = running(make_pod(JOB))
    world = _deleted(pod) if deleted else ONE.but(states=[AT_WORK], jobs=[JOB], pods=[pod])
    fleet = make_fleet(GPU.model_copy(update={"key": "gpu-server"}), MACMINI)

    (request,) = _requests(world.but(fleet=fleet))

    assert request.holds == "gpu-server"
