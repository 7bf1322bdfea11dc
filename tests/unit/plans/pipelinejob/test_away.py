"""A laptop's lid: what waits for it is deferred, what ran on it is away, and no clock runs."""

from typing import Any

import pytest

from stagework.api.conditions import find
from stagework.api.observed import NodeView, PodView
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import Lookup, ResultQuestion, RunPlan
from stagework.plans.pipelinejob.transitions import StageStarted
from stagework.policies.slots.request import SlotRequest
from tests.support.builders import (
    T0,
    World,
    after,
    created,
    line_of,
    make_job,
    make_node,
    make_order,
    make_pod,
    make_stage,
    make_status,
    running,
    ungated,
    waiting_for,
)

AWAKE, ASLEEP = [make_node("mb-1", "macbook")], [make_node("mb-1", "macbook", ready=False)]
STAGE = make_stage("a", runsOn=["macbook"], timeoutSeconds=60, startDeadlineSeconds=120)
JOB = make_job("a", machine="macbook")
POD = make_pod(JOB)
RUNS = running(POD, since=T0, node="mb-1")
AT_WORK = make_status(
    "a",
    "Running",
    pod=POD.metadata.uid,
    turnTime=T0,
    startTime=T0,
    machine="macbook",
    node="mb-1",
    job=JOB.metadata.name,
    jobUid=JOB.metadata.uid,
)


def _waits(nodes: list[NodeView], state: StageStatus | None = None, **stage: Any) -> World:
    stages = [make_stage("a", **{"runsOn": ["macbook"], **stage})]
    return World(stages=stages, states=[state or make_status("a")], nodes=nodes)


def _at_work(
    nodes: list[NodeView], state: StageStatus = AT_WORK, pod: PodView | None = RUNS
) -> World:
    pods = [] if pod is None else [pod]
    return World(stages=[STAGE], states=[state], jobs=[JOB], pods=pods, nodes=nodes)


def _stage(plan: RunPlan) -> StageStatus:
    assert plan.status is not None
    return plan.status.stages[0]


# What waits.


def test_what_waits_for_a_machine_that_may_be_away_is_deferred_and_says_which_and_since_when() -> (
    None
):
    plan = _waits(ASLEEP).plan(after(5))

    stage = _stage(plan)
    assert (stage.state, stage.reason) == ("Deferred", "MachineAway")
    assert stage.message == "no ready node of class macbook: mb-1 is not ready; until one is back"
    assert (stage.waitingSince, stage.turnTime, stage.attempt) == (after(5), None, 1)
    assert created(plan) == []


def test_with_a_fallback_it_says_until_when() -> None:
    plan = _waits(ASLEEP, runsOn=["macbook", "macmini"], fallbackAfterSeconds=900).plan()

    message = "until 2026-11-21T09:15:00Z, then macmini will do too"
    assert _stage(plan).message.endswith(message)
    assert plan.wake_at == after(900)


def test_after_the_fallback_the_next_class_takes_it_and_later_work_goes_home_again() -> None:
    nodes = [*ASLEEP, make_node("mm-1", "macmini")]
    waited = make_status("a", "Deferred", reason="MachineAway", waitingSince=T0)
    falls = _waits(nodes, waited, runsOn=["macbook", "macmini"], fallbackAfterSeconds=900)

    taken = falls.stages_after(after(900))["a"]
    assert (taken.state, taken.machine) == ("Starting", "macmini")

    both = [*AWAKE, make_node("mm-1", "macmini")]
    assert falls.but(nodes=both).stages_after(after(900))["a"].machine == "macbook"


def test_a_class_that_is_never_away_merely_has_no_node() -> None:
    stage = _stage(_waits([], runsOn=["gpu"]).plan())

    assert (stage.state, stage.reason) == ("Waiting", "NoNodeOfClass")


def test_the_run_says_so_in_its_summary_and_in_a_condition_that_goes_when_it_is_over() -> None:
    plan = _waits(ASLEEP).plan()
    assert plan.status is not None
    assert plan.status.summary == "Deferred"
    condition = find(plan.status.conditions, "Deferred")
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "MachineAway")
    assert condition.message.startswith("a: no ready node of class macbook: mb-1 is not ready")

    woken = _waits(AWAKE, plan.status.stages[0]).plan(after(9))
    assert woken.status is not None
    assert find(woken.status.conditions, "Deferred") is None


def test_of_a_run_that_has_more_to_do_only_the_condition_says_so() -> None:
    stages = [make_stage("a", runsOn=["macbook"]), make_stage("b", dependsOn=[])]
    world = World(
        stages=stages, states=[make_status("a"), make_status("b", "Running")], nodes=ASLEEP
    )

    status = world.plan().status

    assert status is not None
    assert status.summary != "Deferred"
    assert find(status.conditions, "Deferred") is not None


def test_an_event_says_once_that_it_is_deferred() -> None:
    first = _waits(ASLEEP).plan()
    assert [event.reason for event in first.events] == ["StageDeferred"]

    again = _waits(ASLEEP, _stage(first)).plan(after(60))
    assert again.events == ()


@pytest.mark.parametrize("seconds", [1, 10**6])
def test_neither_its_attempts_nor_its_start_deadline_run(seconds: int) -> None:
    deferred = _stage(_waits(ASLEEP).plan())

    stage = _waits(ASLEEP, deferred).stages_after(after(seconds))["a"]

    assert (stage.state, stage.attempt, stage.failures, stage.stopping) == ("Deferred", 1, 0, None)


def test_after_the_wake_the_pile_starts_as_slots_are_free() -> None:
    deferred = _stage(_waits(ASLEEP).plan())
    other = SlotRequest("x", ("macbook",), make_order("first", priority=1), holds="macbook")

    stage = _waits(AWAKE, deferred).stages_after(after(60), others=[other])["a"]

    assert (stage.state, stage.reason) == ("Waiting", "NoFreeSlot")


# What has begun.


def test_what_runs_when_the_lid_closes_is_away_and_says_so() -> None:
    plan = _at_work(ASLEEP).plan(after(10))

    stage = _stage(plan)
    assert (stage.state, stage.reason, stage.awaySince) == ("Away", "MachineAway", after(10))
    assert stage.message.startswith("mb-1 is not ready; its clocks stand still")
    assert plan.status is not None
    assert (plan.status.summary, plan.status.node) == ("Away", "mb-1")
    assert plan.status.message.startswith("a is away: mb-1 is not ready")
    assert [event.reason for event in plan.events] == ["StageAway"]
    assert plan.actions == ()


@pytest.mark.parametrize("seconds", [61, 10**6])
def test_its_timeout_does_not_run(seconds: int) -> None:
    away = _stage(_at_work(ASLEEP).plan(after(10)))

    stage = _at_work(ASLEEP, away).stages_after(after(seconds))["a"]

    assert (stage.state, stage.stopping, stage.awaySince) == ("Away", None, after(10))


def test_after_the_wake_it_goes_on_with_the_time_that_it_had_left() -> None:
    away = _stage(_at_work(ASLEEP).plan(after(10)))

    plan = _at_work(AWAKE, away).plan(after(1010))

    back = _stage(plan)
    assert (back.state, back.startTime, back.awaySeconds) == ("Running", T0, 1000)
    assert plan.wake_at == after(1060)
    assert [event.reason for event in plan.events] == ["StageBack"]
    assert not any(isinstance(fact, StageStarted) for fact in plan.facts)
    assert _at_work(AWAKE, back).stages_after(after(1059))["a"].stopping is None
    late = _at_work(AWAKE, back).stages_after(after(1060))["a"]
    assert late.stopping is not None
    assert late.stopping.reason == "TimedOut"


def test_every_absence_counts() -> None:
    state = AT_WORK.model_copy(update={"awaySeconds": 500, "awaySince": after(600)})

    assert _stage(_at_work(AWAKE, state).plan(after(700))).awaySeconds == 600


def test_what_had_not_started_keeps_its_time_to_start() -> None:
    state = AT_WORK.model_copy(update={"state": "Starting", "startTime": None})
    pulling = waiting_for(ungated(POD, "macbook"), "ContainerCreating", node="mb-1")
    away = _stage(_at_work(ASLEEP, state, pulling).plan(after(100)))
    assert away.state == "Away"

    back = _stage(_at_work(AWAKE, away, pulling).plan(after(5000)))

    assert (back.state, back.stopping) == ("Starting", None)
    late = _at_work(AWAKE, back, pulling).stages_after(after(5021))["a"]
    assert late.stopping is not None


def test_a_pod_that_is_missed_on_a_machine_that_is_away_is_no_orphan() -> None:
    missed = AT_WORK.model_copy(update={"reason": "PodLost", "lostTime": T0})

    asked = {ResultQuestion("a", 1, POD.metadata.uid): Lookup(None)}
    asleep = _at_work(ASLEEP, missed, None).but(lookups=asked)

    stage = asleep.stages_after(after(10**6))["a"]

    assert (stage.state, stage.reason, stage.attempt) == ("Away", "PodLost", 1)
    back = asleep.but(states=[stage], nodes=AWAKE).stages_after(after(10**6 + 9))["a"]
    assert (back.state, back.reason, back.lostTime) == ("Running", "PodLost", after(10**6 + 9))


def test_a_new_attempt_begins_with_clocks_of_its_own() -> None:
    state = AT_WORK.model_copy(
        update={
            "awaySeconds": 500,
            "stopping": make_status(stopping={"reason": "TimedOut"}).stopping,
        }
    )
    ended = _at_work(AWAKE, state, None).but(lookups={})

    stage = ended.but(
        states=[state.model_copy(update={"lostTime": after(-1000), "reason": "PodLost"})]
    ).stages_after(after(9))["a"]

    assert (stage.attempt, stage.awaySeconds, stage.awaySince) == (2, 0, None)


def test_a_machine_that_is_never_away_has_clocks_that_run() -> None:
    job = make_job("a")
    pod = running(make_pod(job), since=T0)
    state = AT_WORK.model_copy(update={"machine": "gpu", "node": "gpu-0"})
    world = World(
        stages=[make_stage("a", timeoutSeconds=60)],
        states=[state],
        jobs=[job],
        pods=[pod],
        nodes=[make_node(ready=False)],
    )

    assert world.stages_after(after(60))["a"].stopping is not None


def test_what_the_laptop_does_not_hold_up_goes_on() -> None:
    done = make_status("stage_1", "Succeeded", commit={"attempt": 1})
    stages = [line_of(1)[0], make_stage("stage_2", runsOn=["gpu"])]
    world = World(
        stages=stages, states=[done, make_status("stage_2")], nodes=[*ASLEEP, make_node()]
    )

    assert created(world.plan()) == ["stage_2"]


def test_its_clock_stands_still_from_when_its_kubelet_was_last_heard() -> None:
    silent = make_node(
        "mb-1",
        "macbook",
        ready=False,
        heartbeat="2026-11-21T09:00:08Z",
        transition="2026-11-21T09:00:58Z",
    )

    away = _at_work([silent]).stages_after(after(58))["a"]
    assert (away.state, away.awaySince) == ("Away", after(8))

    back = _at_work(AWAKE, away).stages_after(after(3608))["a"]
    assert (back.state, back.awaySeconds) == ("Running", 3600)
