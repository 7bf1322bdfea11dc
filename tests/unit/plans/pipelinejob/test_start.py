"""What a stage does when its turn has come, and what it says while it waits."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from stagework.api.observed import PodView
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.api.stage_status import StageStatus, Stopping
from stagework.plans.pipelinejob.snapshot import RunPlan
from stagework.plans.plan import (
    STATUS_WRITE,
    ActionKey,
    Cause,
    Create,
    Purpose,
    Refusal,
    Ungate,
    creation,
)
from stagework.policies.slots.request import SlotRequest
from tests.support.builders import (
    GPU,
    MACMINI,
    RUN_UID,
    T0,
    World,
    after,
    created,
    deleted,
    deleting,
    ended_job,
    line_of,
    make_fleet,
    make_job,
    make_node,
    make_order,
    make_pod,
    make_stage,
    make_status,
    running,
    ungated,
)

JOB = make_job("a")
POD = make_pod(JOB)
DUE = make_status("a", reason="Queued")


def _world(state: StageStatus = DUE, **changes: Any) -> World:
    stage = changes.pop("stage", make_stage("a"))
    return World(stages=[stage], states=[state], **changes)


def _actions(plan: RunPlan) -> list[str]:
    return [type(action).__name__ for action in plan.actions]


def _taken(*machines: str) -> list[SlotRequest]:
    return [
        SlotRequest("x", (machine,), make_order(f"other-{number}", priority=1000), holds=machine)
        for number, machine in enumerate(machines)
    ]


def test_at_its_turn_a_job_is_made_for_its_class() -> None:
    plan = _world().plan()

    (made,) = plan.actions
    assert isinstance(made, Create)
    assert made.manifest["metadata"]["labels"]["stagework.dev/machine"] == "gpu"
    assert (made.resource, made.purpose) == (JOBS, Purpose("a", 1))
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.machine) == ("Starting", "PodCreating", "gpu")
    assert (stage.job, stage.turnTime) == (made.name, after(0))


def test_a_held_pod_is_ungated_at_once_as_it_was_seen_with_its_class_and_inputs() -> None:
    stages = line_of(2)
    prefix = f"ads/{RUN_UID}/stage_1/1-p"
    done = make_status("stage_1", "Succeeded", commit={"attempt": 1, "pod": "p", "prefix": prefix})
    job = make_job("stage_2")
    pod = make_pod(job)
    world = World(stages=stages, states=[done, make_status("stage_2")], jobs=[job], pods=[pod])

    (ungate,) = world.plan().afterwards

    assert isinstance(ungate, Ungate)
    meta = pod.metadata
    assert ungate.pod == ObjectRef(PODS, "ads", meta.name, meta.uid, resource_version="1")
    assert ungate.gate == "stagework.dev/turn"
    assert ungate.node_selector == ungate.labels == {"stagework.dev/machine": "gpu"}
    assert f'"stage_1":"{prefix}"' in ungate.annotations["stagework.dev/inputs"]
    stage = world.stages_after()["stage_2"]
    assert (stage.state, stage.pod) == ("Starting", pod.metadata.uid)
    assert (stage.job, stage.jobUid) == (job.metadata.name, job.metadata.uid)


CHOSEN = make_status("a", "Starting", pod=POD.metadata.uid, machine="gpu", turnTime=T0)


def test_a_chosen_pod_that_is_still_held_is_ungated_again_for_the_class_on_record() -> None:
    """The operator died between the record and the patch; the label of its Pod is of no account."""
    labels = {**POD.metadata.labels, "stagework.dev/machine": "macbook"}
    meta = msgspec.structs.replace(POD.metadata, labels=labels)
    relabelled = msgspec.structs.replace(POD, metadata=meta)

    plan = _world(CHOSEN, jobs=[JOB], pods=[relabelled]).plan(after(1))

    (ungate,) = plan.afterwards
    assert isinstance(ungate, Ungate)
    assert ungate.node_selector == {"stagework.dev/machine": "gpu"}
    assert plan.actions == ()


def test_a_chosen_pod_is_not_ungated_while_others_have_its_slot() -> None:
    plan = _world(CHOSEN, jobs=[JOB], pods=[POD]).plan(after(1), others=_taken("gpu"))

    assert plan.afterwards == ()


@pytest.mark.parametrize(
    ("state", "pods"),
    [
        pytest.param(CHOSEN, [ungated(POD)], id="it is out"),
        pytest.param(CHOSEN, [deleting(POD)], id="it leaves"),
        pytest.param(CHOSEN, [make_pod(JOB, uid="another")], id="another one"),
        pytest.param(
            CHOSEN.model_copy(update={"stopping": Stopping(reason="TimedOut")}), [POD], id="verdict"
        ),
    ],
)
def test_no_other_pod_is_ungated_nor_one_that_ends(state: StageStatus, pods: list[PodView]) -> None:
    plan = _world(state, jobs=[JOB], pods=pods).plan(after(1))

    assert not any(isinstance(a, Ungate) for a in (*plan.actions, *plan.afterwards))


def test_the_start_deadline_of_a_chosen_pod_runs_while_its_gate_will_not_go() -> None:
    stage = _world(CHOSEN, jobs=[JOB], pods=[POD]).stages_after(after(121))["a"]

    assert stage.stopping is not None
    assert stage.stopping.reason == "StartDeadlineExceeded"


def test_no_job_is_made_ahead_before_the_pod_whose_turn_it_is_was_ungated() -> None:
    job = make_job("stage_1")
    states = [make_status(f"stage_{number}") for number in (1, 2)]
    world = World(stages=line_of(2), states=states, jobs=[job], pods=[make_pod(job)])

    plan = world.plan()

    assert plan.actions == ()
    assert [type(action).__name__ for action in plan.afterwards] == ["Ungate", "Create"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"jobs": [make_job("a", deleted=T0)], "pods": [POD]}, id="Job leaves"),
        pytest.param({"jobs": [JOB], "pods": [deleting(POD)]}, id="Pod leaves"),
        pytest.param({"jobs": [ended_job(JOB)], "pods": [POD]}, id="Job has ended"),
    ],
)
def test_what_leaves_is_neither_ungated_nor_doubled(changes: dict[str, Any]) -> None:
    plan = _world(**changes).plan()

    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.stages[0].state == "Starting"


def test_without_a_free_slot_the_stage_waits_at_its_place() -> None:
    world = _world(nodes=[make_node("gpu-0"), make_node("gpu-1")])

    plan = world.plan(others=_taken("gpu", "gpu"))

    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason) == ("Waiting", "NoFreeSlot")
    assert stage.message == (
        "waits for a gpu slot: 1st of 1; 2 of 2 taken by other-0 (x, 0 s) and other-1 (x, 0 s)"
    )
    assert _actions(plan) == ["Create"], "it is next: its Pod is held ready"


def test_far_back_in_the_queue_no_job_is_made_yet() -> None:
    before = [SlotRequest("x", ("gpu",), make_order(f"r{n}", priority=5)) for n in range(3)]

    plan = _world().plan(others=before)

    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.stages[0].message == (
        "waits for a gpu slot: 3rd of 3; 1 of 1 taken by r0 (x, 0 s)"
    )


def test_without_a_node_of_its_class_the_stage_waits_and_says_since_when() -> None:
    plan = _world(nodes=[]).plan(after(3))

    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason) == ("Waiting", "NoNodeOfClass")
    assert stage.message == "no ready node of class gpu"
    assert stage.waitingSince == after(3)
    assert plan.actions == ()
    assert plan.wake_at is None


BOTH = make_stage("a", runsOn=["gpu", "macmini"], fallbackAfterSeconds=60)


def test_it_is_reconciled_again_when_the_next_class_counts() -> None:
    assert _world(stage=BOTH, nodes=[]).plan(after(3)).wake_at == after(63)


@pytest.mark.parametrize("fallback", [0, 60])
def test_nobody_is_woken_again_and_again_while_no_class_is_there(fallback: int) -> None:
    stage = BOTH.model_copy(update={"fallbackAfterSeconds": fallback})
    state = make_status("a", reason="NoNodeOfClass", waitingSince=T0)

    plan = _world(state, stage=stage, nodes=[]).plan(after(100))

    assert plan.wake_at is None
    assert plan.status is not None
    assert plan.status.stages[0].message == "no ready node of class gpu or macmini"


def test_after_the_fallback_the_next_class_takes_it_and_keeps_it_until_it_runs() -> None:
    world = _world(
        make_status("a", reason="NoNodeOfClass", waitingSince=T0),
        stage=BOTH,
        nodes=[make_node("mini", "macmini")],
    )

    took = world.stages_after(after(60))["a"]
    assert (took.state, took.machine) == ("Starting", "macmini")

    later = world.but(states=[took], jobs=[make_job("a", machine="macmini")])
    assert later.stages_after(after(61))["a"].state == "Starting"


def test_a_job_made_for_a_class_with_other_resources_is_made_again() -> None:
    world = _world(
        make_status("a", waitingSince=T0),
        stage=BOTH,
        nodes=[make_node("mini", "macmini")],
        jobs=[JOB],
        pods=[POD],
    )

    plan = world.plan(after(60))

    assert deleted(plan, JOBS) == [JOB.metadata.uid]
    assert len(plan.actions) == 1
    assert plan.status is not None
    assert plan.status.stages[0].remakes == 1
    assert plan.wake_at == after(61)


def test_a_job_made_for_a_class_with_the_same_resources_serves_another() -> None:
    plain = GPU.model_copy(update={"resources": {}})
    world = _world(
        make_status("a", waitingSince=T0),
        stage=BOTH,
        fleet=make_fleet(plain, MACMINI),
        nodes=[make_node("mini", "macmini")],
        jobs=[JOB],
        pods=[POD],
    )

    (ungate,) = world.plan(after(60)).afterwards

    assert isinstance(ungate, Ungate)
    assert ungate.node_selector == ungate.labels == {"stagework.dev/machine": "macmini"}


STARTING = make_status("a", "Starting", reason="PodCreating", turnTime=T0, machine="gpu")


@pytest.mark.parametrize(("seconds", "actions"), [(19, []), (20, ["Delete"])])
def test_a_job_without_a_pod_at_its_turn_is_made_again_after_a_while(
    seconds: int, actions: list[str]
) -> None:
    state = STARTING.evolve(jobUid=JOB.metadata.uid)
    plan = _world(state, jobs=[JOB]).plan(after(seconds))

    assert _actions(plan) == actions


def test_a_job_that_was_made_long_after_its_turn_has_the_whole_while() -> None:
    """Counted from its turn it would be thrown away as soon as it is there."""
    world = _world(STARTING.evolve(state="Stuck", reason="JobNameConflict"), jobs=[JOB])

    assert world.plan(after(60)).actions == ()
    (stage,) = world.stages_after(after(60)).values()
    later = world.but(states=[stage])
    assert later.plan(after(79)).actions == ()
    assert _actions(later.plan(after(80))) == ["Delete"]


def test_the_while_is_counted_from_its_turn_where_the_job_was_made_ahead() -> None:
    state = STARTING.evolve(turnTime=after(100), jobUid=JOB.metadata.uid)

    plan = _world(state, jobs=[JOB]).plan(after(119))

    assert plan.actions == ()
    assert plan.wake_at == after(120)


QUOTA = Refusal("OverQuota", "exceeded quota: jobs")


REFUSED = {creation("a", 1): QUOTA}


def test_a_job_that_a_quota_refuses_is_asked_for_beside_the_line_and_its_deadline_runs() -> None:
    world = _world(STARTING, refusals=REFUSED)
    plan = world.plan(after(5))

    assert created(plan) == ["a"]
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.job) == ("Starting", "QuotaExceeded", "")
    assert stage.message == QUOTA.message
    assert stage.turnTime == T0
    (request,) = world.evaluated(after(5)).slot_requests
    assert request.free, "it takes no slot from others"


def test_a_job_that_was_refused_and_is_made_takes_its_place_in_the_line() -> None:
    world = _world(STARTING, jobs=[JOB], pods=[POD], refusals=REFUSED)

    assert [request.stage for request in world.evaluated(after(5)).slot_requests] == ["a"]


USED = "exceeded quota: few, requested: pods=1, used: pods={}, limited: pods=4"


def test_the_same_cause_with_other_numbers_is_no_write() -> None:
    """Each write is news for all who watch; the newest numbers come with the next one that is."""

    def refused(used: int) -> dict[ActionKey, Refusal]:
        return {creation("a", 1): Refusal("OverQuota", USED.format(used))}

    world = _world(STARTING, refusals=refused(4), status={"summary": "Starting"})
    first = world.plan(after(5)).status
    assert first is not None

    def plan(used: int, seconds: int) -> RunPlan:
        run = world.the_run().model_copy(update={"status": first})
        return world.but(run=run, refusals=refused(used)).plan(after(seconds))

    assert plan(9, 15).status is None
    later = plan(9, 40).status
    assert later is not None
    assert (later.summary, later.stages[0].message) == ("Stuck", USED.format(9))


LIFT = ActionKey("ungate", POD.metadata.uid)


def _held_up(cause: Cause, now: int = 5) -> tuple[World, StageStatus]:
    chosen = STARTING.model_copy(update={"pod": POD.metadata.uid, "reason": "Scheduling"})
    refusals = {LIFT: Refusal(cause, "webhook says no")}
    world = _world(chosen, jobs=[JOB], pods=[POD], refusals=refusals)
    (stage,) = world.stages_after(after(now)).values()
    return world, stage


def test_a_pod_that_may_not_be_released_says_why_and_is_tried_on() -> None:
    world, stage = _held_up("Denied")

    assert (stage.state, stage.reason) == ("Starting", "ChangeRefused")
    assert (stage.message, stage.turnTime) == ("webhook says no", T0)
    assert [type(action) for action in world.plan(after(5)).afterwards] == [Ungate]


def test_a_pod_that_may_not_be_released_gives_its_slot_back_after_a_while() -> None:
    _, stage = _held_up("Denied", now=30)

    assert (stage.state, stage.message) == ("Stuck", "webhook says no")
    world = _world(stage, jobs=[JOB], pods=[POD])
    assert [request.free for request in world.evaluated(after(31)).slot_requests] == [True]


def test_a_race_for_a_pod_is_not_told() -> None:
    _, stage = _held_up("Outdated")

    assert (stage.state, stage.reason, stage.message) == ("Starting", "Scheduling", "")


def test_a_run_whose_status_cannot_be_written_takes_no_slot_meanwhile() -> None:
    denied = Refusal("Denied", "no")
    world = _world(STARTING, refusals={STATUS_WRITE: denied})

    assert world.evaluated(after(5)).slot_requests == ()
    again = world.but(refusals={STATUS_WRITE: replace(denied, due=True)})
    assert len(again.evaluated(after(5)).slot_requests) == 1


def test_a_refused_look_ahead_holds_nothing_up() -> None:
    stages = line_of(3)
    job = make_job("stage_1")
    pod = running(make_pod(job))
    first = make_status("stage_1", "Running", pod=pod.metadata.uid)
    states = [first, *(make_status(f"stage_{n}") for n in (2, 3))]
    world = World(
        stages=stages,
        states=states,
        jobs=[job],
        pods=[pod],
        refusals={creation("stage_2", 1): QUOTA},
    )

    plan = world.plan()

    assert created(plan) == ["stage_3"]
    assert plan.status is not None
    assert plan.status.stages[1].reason == "DependenciesPending"


def test_no_job_is_made_twice_in_one_plan() -> None:
    """A stage may be next in its queue and also the next to be prepared."""
    fork = [make_stage("a"), make_stage("b", dependsOn=[]), make_stage("c")]
    job = make_job("a")
    pod = running(make_pod(job))
    world = World(
        stages=fork,
        states=[
            make_status("a", "Running", pod=pod.metadata.uid),
            make_status("b"),
            make_status("c"),
        ],
        jobs=[job],
        pods=[pod],
    )

    assert sorted(created(world.plan())) == ["b", "c"]


@pytest.mark.parametrize(
    ("state", "changes", "reason", "message"),
    [
        pytest.param(
            DUE,
            {"spec": {"suspend": True}},
            "Suspended",
            "the run is suspended: set spec.suspend=false",
            id="suspended",
        ),
        pytest.param(
            make_status("a", reason="X", attempt=2, notBeforeTime=after(60)),
            {},
            "BackOff",
            "",
            id="back-off",
        ),
    ],
)
def test_every_wait_has_a_cause(
    state: StageStatus, changes: dict[str, Any], reason: str, message: str
) -> None:
    stage = _world(state, **changes).stages_after()["a"]

    assert (stage.state, stage.reason) == ("Waiting", reason)
    assert stage.message == message


def test_a_stage_names_what_it_waits_for() -> None:
    stages = [make_stage("a"), make_stage("b", dependsOn=[]), make_stage("c", dependsOn=["a", "b"])]
    world = World(stages=stages, states=[make_status(n) for n in "abc"])

    stage = world.stages_after()["c"]

    assert (stage.reason, stage.message) == ("DependenciesPending", "waits for a, b")


def test_suspension_takes_a_turn_back_and_its_held_job_away() -> None:
    world = _world(STARTING, spec={"suspend": True}, jobs=[JOB], pods=[POD])

    plan = world.plan(after(5))

    assert deleted(plan, JOBS) == [JOB.metadata.uid]
    assert len(plan.actions) == 1
    stage = world.stages_after(after(5))["a"]
    assert (stage.state, stage.turnTime, stage.remakes) == ("Waiting", None, 1)


def test_suspension_lets_go_on_what_runs() -> None:
    state = make_status("a", "Running", pod=POD.metadata.uid)
    world = _world(state, spec={"suspend": True}, jobs=[JOB], pods=[running(POD)])

    assert world.plan().actions == ()
    assert world.stages_after()["a"].state == "Running"


CHOSEN_AND_HELD = CHOSEN.evolve(
    job=JOB.metadata.name, jobUid=JOB.metadata.uid, reason="Scheduling", turnTime=T0
)


def test_a_suspended_run_ungates_no_pod_that_was_chosen_already() -> None:
    """Its turn is taken back with all its clocks, and given anew when the run goes on."""
    world = _world(CHOSEN_AND_HELD, spec={"suspend": True}, jobs=[JOB], pods=[POD])

    plan = world.plan(after(2000))
    assert (plan.actions, plan.afterwards) == ((), ())
    assert plan.status is not None
    assert (plan.status.summary, world.evaluated(after(5)).slot_requests) == ("Suspended", ())
    (stage,) = plan.status.stages
    assert (stage.reason, stage.turnTime, stage.stopping) == ("Suspended", None, None)

    resumed = _world(stage, jobs=[JOB], pods=[POD])
    assert resumed.plan(after(3000), others=_taken("gpu")).afterwards == ()
    plan = resumed.plan(after(3000))
    assert [type(action) for action in plan.afterwards] == [Ungate]
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.reason, stage.turnTime) == ("Scheduling", after(3000))


def test_what_is_stuck_is_not_started_while_its_run_is_suspended() -> None:
    stuck = CHOSEN_AND_HELD.evolve(state="Stuck", reason="ChangeRefused", message="no")
    world = _world(stuck, spec={"suspend": True}, jobs=[JOB], pods=[POD])

    assert world.plan(after(60)).afterwards == ()
    assert world.evaluated(after(60)).slot_requests == ()


def _late(**changes: Any) -> StageStatus:
    """Its turn came 30 s ago, and it has no Pod."""
    state = make_status("a", "Starting", machine="gpu", turnTime=T0, reason="PodCreating")
    return _world(state, **changes).stages_after(after(30))["a"]


def test_a_stage_that_gets_no_pod_is_stuck_after_its_grace_and_goes_on_trying() -> None:
    state = make_status("a", "Stuck", machine="gpu", turnTime=T0, reason="PodCreating", job="j")
    job = make_job("a", created=after(30))
    world = _world(state.evolve(jobUid=job.metadata.uid), jobs=[job])

    late = make_job("a", created=after(25))
    stage = _late(jobs=[late])
    assert (stage.state, stage.reason) == ("Stuck", "PodCreating")
    assert stage.message == (
        f"Kubernetes makes no Pod for its Job: see `kubectl describe job {late.metadata.name}`"
    )
    plan = world.plan(after(60), others=_taken("gpu"))
    assert _actions(plan) == ["Delete"], "another Job is tried, though the slot is taken"


def test_a_refused_job_is_stuck_after_its_grace_with_the_servers_sentence() -> None:
    refusals = {creation("a", 1): Refusal("OverQuota", "exceeded quota: pods")}

    stage = _late(refusals=refusals)

    assert (stage.state, stage.reason) == ("Stuck", "QuotaExceeded")
    assert stage.message == "exceeded quota: pods"


def test_with_its_pod_there_at_last_it_waits_for_its_turn_like_all_others() -> None:
    state = make_status("a", "Stuck", machine="gpu", turnTime=T0, reason="PodCreating", job="j")
    world = _world(state, jobs=[JOB], pods=[POD])

    (stage,) = world.stages_after(after(60), others=_taken("gpu")).values()
    assert (stage.state, stage.reason, stage.turnTime) == ("Waiting", "NoFreeSlot", None)
    assert [type(a).__name__ for a in world.plan(after(60)).afterwards] == ["Ungate"]


def test_its_time_in_the_next_classs_queue_goes_on_while_it_waits_there() -> None:
    stage = make_stage("a", runsOn=["gpu", "macmini"], fallbackAfterSeconds=20)
    state = make_status("a", reason="NoNodeOfClass", waitingSince=T0)
    world = _world(state, stage=stage, nodes=[make_node("macmini-0", "macmini")])

    queued = world.stages_after(after(20), others=_taken("macmini"))["a"]

    assert (queued.reason, queued.waitingSince) == ("NoFreeSlot", T0)
    again = world.but(states=[queued]).stages_after(after(25), others=_taken("macmini"))["a"]
    assert again.reason == "NoFreeSlot", "it keeps its place"
