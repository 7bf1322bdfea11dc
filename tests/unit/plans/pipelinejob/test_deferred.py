"""A stage that cannot be done now, for a cause outside, waits without using up an attempt."""

import pytest

from stagework.api.conditions import find
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import FoundResult, Lookup, ResultQuestion
from stagework.policies.retry import RetryAt, after_deferral
from tests.support.builders import (
    T0,
    World,
    after,
    answers,
    make_intervention,
    make_job,
    make_pod,
    make_stage,
    make_status,
    mark,
    terminated,
)

JOB = make_job("a")
POD = make_pod(JOB)
STAGE = make_stage("a", retries=0)
AT_WORK = make_status(
    "a", "Running", pod=POD.metadata.uid, turnTime=T0, machine="gpu", node="gpu-0"
)
SAID = mark(POD, "Deferred", reason="EndpointUnavailable", message="no answer in 6 tries")
DEFERRED = terminated(POD, 3, message=SAID, finished=after(5))


def _world(state: StageStatus = AT_WORK) -> World:
    return World(stages=[STAGE], states=[state], jobs=[JOB], pods=[DEFERRED])


@pytest.mark.parametrize(
    ("deferrals", "seconds"), [(1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (500, 900)]
)
def test_the_wait_doubles_from_a_minute_to_a_quarter_of_an_hour(
    deferrals: int, seconds: int
) -> None:
    assert after_deferral(deferrals, after(0)) == RetryAt(after(seconds))


def test_a_deferral_costs_no_attempt_and_says_what_is_waited_for() -> None:
    plan = _world().plan(after(6))

    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.attempt) == ("Deferred", "EndpointUnavailable", 2)
    assert (stage.failures, stage.interruptions, stage.deferrals) == (0, 0, 1)
    assert stage.message == "no answer in 6 tries"
    assert stage.notBeforeTime == after(66)
    assert plan.wake_at == after(66)
    (event,) = plan.events
    assert (event.reason, event.type) == ("StageDeferred", "Normal")
    assert event.message.endswith("starts again in 60 s")
    assert plan.status.summary == "Deferred"
    condition = find(plan.status.conditions, "Deferred")
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "EndpointUnavailable")
    assert condition.message == "a: no answer in 6 tries"


def test_the_reason_stays_while_it_waits_and_it_starts_when_the_time_has_come() -> None:
    state = _world().stages_after(after(6))["a"]

    waits = World(stages=[STAGE], states=[state]).stages_after(after(65))["a"]
    assert (waits.state, waits.reason) == ("Deferred", "EndpointUnavailable")

    goes = World(stages=[STAGE], states=[state]).stages_after(after(66))["a"]
    assert goes.state == "Starting"


def test_deferrals_are_without_end_even_without_retries() -> None:
    stage = _world(AT_WORK.model_copy(update={"deferrals": 40})).stages_after(after(6))["a"]

    assert (stage.state, stage.deferrals, stage.notBeforeTime) == ("Deferred", 41, after(906))


def test_a_vanished_pods_stored_deferral_counts_too() -> None:
    stored = FoundResult(
        pod=POD.metadata.uid, digest="d", outcome="Deferred", reason="EndpointUnavailable"
    )
    world = World(
        stages=[STAGE],
        states=[AT_WORK],
        jobs=[JOB],
        lookups={ResultQuestion("a", 1, POD.metadata.uid): Lookup(stored)},
    )

    stage = world.stages_after(after(9))["a"]

    assert (stage.state, stage.reason, stage.deferrals) == ("Deferred", "EndpointUnavailable", 1)


@pytest.mark.parametrize(
    "state",
    [
        make_status(
            "a",
            "Deferred",
            attempt=3,
            deferrals=9,
            reason="EndpointUnavailable",
            notBeforeTime=after(900),
        ),
        make_status("a", attempt=3, failures=2, reason="BackOff", notBeforeTime=after(900)),
    ],
    ids=["deferred", "backing off"],
)
def test_a_person_who_asks_for_it_need_not_wait(state: StageStatus) -> None:
    asked = World(stages=[STAGE], states=[state], interventions=[make_intervention("Retry", "a")])

    stage = asked.stages_after(after(10))["a"]

    assert (stage.state, stage.attempt) == ("Starting", 3), "the third attempt has not begun yet"
    assert (stage.failures, stage.deferrals, stage.notBeforeTime) == (0, 0, None)
    assert [answer.affected for answer in answers(asked.plan(after(10)))] == [1]
