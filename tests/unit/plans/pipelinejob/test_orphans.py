"""A node dies under a stage: nothing is begun without proof, and nothing hangs for ever."""

from datetime import datetime
from typing import Any

import pytest

from stagework.api.conditions import find
from stagework.api.observed import EPOCH, NodeView, PodView
from stagework.api.resources import PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.interventions import preview
from stagework.plans.pipelinejob.snapshot import (
    FoundResult,
    HeartbeatQuestion,
    HeartbeatRead,
    Lookup,
    ResultQuestion,
    RunPlan,
)
from stagework.plans.transitions import Recovered
from tests.support.builders import (
    T0,
    World,
    after,
    answers,
    deleted,
    disrupted,
    make_intervention,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
)

JOB = make_job("a")
POD = running(make_pod(JOB, uid="p1"), since=T0)
LOST, OFF = make_node(ready=False), make_node(ready=False, out_of_service=True)
AT_WORK = make_status(
    "a",
    "Running",
    pod="p1",
    node="gpu-0",
    machine="gpu",
    turnTime=T0,
    startTime=T0,
    job=JOB.metadata.name,
    jobUid=JOB.metadata.uid,
)
LEFT_NOTHING = {
    ResultQuestion("a", 1, "p1"): Lookup(None),
    ResultQuestion("a", 1, "p1", last=True): Lookup(None),
}
HEARD = HeartbeatQuestion("p1")


def _world(
    node: NodeView | None = LOST,
    state: StageStatus = AT_WORK,
    pod: PodView | None = POD,
    **stage: Any,
) -> World:
    return World(
        stages=[make_stage("a", **{"timeoutSeconds": 7200, **stage})],
        states=[state],
        jobs=[JOB],
        pods=[] if pod is None else [pod],
        nodes=[] if node is None else [node],
        lookups=LEFT_NOTHING,
    )


def _stage(plan: RunPlan) -> StageStatus:
    assert plan.status is not None
    return plan.status.stages[0]


def _suspected(at: datetime = T0) -> StageStatus:
    return _stage(_world().plan(at))


def _recovered(plan: RunPlan) -> list[tuple[str, str, str]]:
    facts = (fact for fact in plan.facts if isinstance(fact, Recovered))
    return [(fact.how, fact.cause, fact.machine) for fact in facts]


@pytest.mark.parametrize(
    ("node", "where"),
    [(LOST, "node gpu-0 is not ready"), (None, "node gpu-0 is not there")],
    ids=["not ready", "deleted"],
)
def test_a_stage_on_a_lost_node_says_so_and_what_follows(node: NodeView | None, where: str) -> None:
    plan = _world(node).plan()

    stage = _stage(plan)
    assert (stage.state, stage.reason, stage.attempt) == ("Running", "NodeLost", 1)
    assert stage.message == (
        f"{where}: nothing proves that it has ended; it is given up at 2026-11-21T09:30:00Z"
    )
    assert plan.actions == ()


def test_when_the_node_is_back_nothing_has_happened() -> None:
    healed = _world(make_node(), _suspected())

    stage = healed.stages_after(after(60))["a"]

    assert (stage.state, stage.reason, stage.suspectedTime) == ("Running", "", None)


def test_the_word_of_an_administrator_begins_another_attempt_at_no_cost() -> None:
    plan = _world(OFF).plan(after(60))

    stage = _stage(plan)
    assert (stage.attempt, stage.failures, stage.reason) == (2, 0, "BackOff")
    assert "its node has the taint out-of-service" in stage.message
    assert _recovered(plan) == [("NewAttempt", "NodeLost", "gpu")]
    assert [event.reason for event in plan.events] == ["OrphanRecovered"]
    assert plan.status is not None
    condition = find(plan.status.conditions, "OrphanRecovered")
    assert condition is not None
    assert condition.status == "True"


def test_what_it_had_stored_counts_before_any_other_attempt() -> None:
    found = Lookup(FoundResult(pod="p1", digest="d", outcome="Succeeded"))
    world = _world(OFF).but(lookups={ResultQuestion("a", 1, "p1"): found})

    plan = world.plan(after(60))

    assert _stage(plan).state == "Succeeded"
    assert _recovered(plan) == [("StoredResult", "NodeLost", "gpu")]


def test_a_stage_that_shall_fail_fails_and_uses_up_no_attempt() -> None:
    stage = _stage(_world(OFF, recovery="Fail").plan(after(60)))

    assert (stage.state, stage.reason, stage.failures) == ("Failed", "Orphaned", 0)


def test_what_a_drain_has_ended_is_tried_again_though_the_stage_shall_fail_when_lost() -> None:
    drained = disrupted(terminated(POD, 143), "EvictionByEvictionAPI", "drained")

    stage = _stage(_world(make_node(), pod=drained, recovery="Fail").plan(after(60)))

    assert (stage.state, stage.attempt, stage.reason) == ("Waiting", 2, "BackOff")
    assert (stage.failures, stage.interruptions) == (0, 1)


@pytest.mark.parametrize(("cordoned", "attempt"), [(True, 2), (False, 1)])
def test_so_is_what_a_drain_has_removed_before_anybody_saw_its_end(
    *, cordoned: bool, attempt: int
) -> None:
    missed = AT_WORK.evolve(reason="PodLost", lostTime=T0)
    world = _world(make_node(cordoned=cordoned), missed, pod=None, recovery="Fail")

    stage = world.stages_after(after(90))["a"]

    assert stage.attempt == attempt
    assert stage.state == ("Waiting" if cordoned else "Failed")


def test_without_proof_it_fails_after_the_time_that_it_says() -> None:
    world = _world(state=_suspected(), orphanTimeoutSeconds=600)

    assert world.stages_after(after(599))["a"].state == "Running"
    plan = world.plan(after(600))

    stage = _stage(plan)
    assert (stage.state, stage.reason, stage.attempt) == ("Failed", "Orphaned", 1)
    assert stage.message.endswith("nothing was proved for 10m: it may still run there")
    assert _recovered(plan) == [("GivenUp", "NodeLost", "gpu")]
    assert deleted(plan, PODS) == [], "first it is recorded"


def test_the_settings_say_it_for_all_others() -> None:
    world = _world(state=_suspected()).but(orphan_timeout_seconds=120)

    assert world.stages_after(after(119))["a"].state == "Running"
    assert world.stages_after(after(120))["a"].reason == "Orphaned"


def test_time_in_which_nobody_looked_does_not_count() -> None:
    world = _world(state=_suspected()).but(looking_since=after(1700))

    assert world.stages_after(after(1800))["a"].state == "Running"
    assert world.stages_after(after(3500))["a"].reason == "Orphaned"


def test_once_that_is_stored_what_is_left_of_it_is_ended() -> None:
    failed = _stage(_world(state=_suspected()).plan(after(1800)))

    plan = _world(state=failed).plan(after(1801))

    assert deleted(plan, PODS) == ["p1"]


def test_only_a_person_begins_another_attempt_then() -> None:
    failed = _stage(_world(state=_suspected()).plan(after(1800)))
    asked = _world(state=failed).but(interventions=[make_intervention("Retry", "a")])

    stage = asked.stages_after(after(2000))["a"]

    assert (stage.attempt, stage.stopping) == (2, None)


def test_a_stage_that_may_run_twice_is_replaced_where_it_says_so() -> None:
    world = _world(state=_suspected(), idempotent=True, onNodeLost="Replace")

    assert world.stages_after(after(89))["a"].attempt == 1
    plan = world.plan(after(90))

    assert _stage(plan).attempt == 2
    assert "it may still run there" in _stage(plan).message
    assert _recovered(plan) == [("NewAttempt", "NodeLost", "gpu")]
    later = _world(state=_stage(plan)).plan(after(91))
    assert deleted(later, PODS) == ["p1"], "as soon as its node hears of that"


@pytest.mark.parametrize("stage", [{"idempotent": True}, {"onNodeLost": "Replace"}])
def test_both_must_be_said_for_that(stage: dict[str, Any]) -> None:
    assert _world(state=_suspected(), **stage).stages_after(after(600))["a"].attempt == 1


def test_a_verdict_is_followed_by_no_attempt_without_proof() -> None:
    verdict = make_status(stopping={"reason": "TimedOut"}).stopping
    stopping = _suspected().model_copy(update={"stopping": verdict})

    stage = _world(state=stopping).stages_after(after(1800))["a"]

    assert (stage.state, stage.reason, stage.stopping) == ("Failed", "Orphaned", None)


# The fence.


def _heard(at: float, *, last: float | None, listening: datetime = EPOCH) -> HeartbeatRead:
    return HeartbeatRead(after(at), listening, after(last) if last is not None else None)


def test_whoever_hears_of_pods_is_asked() -> None:
    assert _world().plan().questions == (HEARD,)


def test_nobody_is_asked_about_a_stage_without_a_fence() -> None:
    assert _world(contract="ExitCode").plan().questions == ()


@pytest.mark.parametrize(
    ("read", "proved"),
    [
        pytest.param(_heard(90, last=-5), True, id="silent for 90 s"),
        pytest.param(_heard(89, last=-5), False, id="silent for less"),
        pytest.param(_heard(90, last=1), False, id="it was heard of since"),
        pytest.param(_heard(90, last=-5, listening=after(1)), False, id="nobody listened"),
        pytest.param(_heard(90, last=None), False, id="it never spoke: it may have no fence"),
        pytest.param(_heard(20, last=-5), False, id="asked too early"),
    ],
)
def test_silence_proves_its_end_only_where_everybody_listened(
    read: HeartbeatRead, *, proved: bool
) -> None:
    world = _world(state=_suspected()).but(heard={HEARD: read})

    stage = world.stages_after(after(95))["a"]

    assert (stage.attempt == 2) is proved


def test_silence_proves_nothing_while_the_operator_was_away() -> None:
    world = _world(state=_suspected()).but(
        heard={HEARD: _heard(90, last=-5)}, looking_since=after(1)
    )

    assert world.stages_after(after(95))["a"].attempt == 1


def test_it_is_asked_again_when_the_time_has_come() -> None:
    world = _world(state=_suspected()).but(heard={HEARD: _heard(0, last=-5)})

    assert world.plan(after(30)).questions == ()
    assert world.plan(after(90)).questions == (HEARD,)


def test_an_answer_that_proves_nothing_is_not_followed_by_the_same_question_at_once() -> None:
    world = _world(state=_suspected()).but(heard={HEARD: _heard(100, last=None)})

    plan = world.plan(after(101))

    assert plan.questions == ()
    assert plan.wake_at is not None
    assert plan.wake_at > after(101)
    assert world.plan(after(130)).questions == (HEARD,)


# A boot.


@pytest.mark.parametrize(
    ("boot", "ready_since", "proved"),
    [
        ("second", after(500), True),
        ("first", after(500), False),
        ("second", after(30), False),
    ],
    ids=["another boot", "the same boot", "it began just after the boot"],
)
def test_a_boot_proves_the_end_of_what_had_begun_before(
    boot: str, ready_since: datetime, *, proved: bool
) -> None:
    state = AT_WORK.model_copy(update={"bootId": "first", "reason": "PodLost"})
    world = _world(make_node(boot=boot), state, None).but(ready_since={"gpu-0": ready_since})

    assert (world.stages_after(after(501))["a"].attempt == 2) is proved


def test_the_boot_of_its_node_is_noted_while_it_runs() -> None:
    plan = _world(make_node(boot="first")).plan(after(1))

    assert _stage(plan).bootId == "first"


# Late reports.


def test_a_late_report_is_refused_and_told_once() -> None:
    failed = _stage(_world(state=_suspected()).plan(after(1800)))
    done = terminated(make_pod(JOB, uid="p1"), message=mark(make_pod(JOB, uid="p1")))
    late = _world(make_node(), failed, done)

    plan = late.plan(after(2000))

    stage = _stage(plan)
    assert (stage.state, stage.reason, stage.commit, stage.exitCode) == (
        "Failed",
        "Orphaned",
        None,
        0,
    )
    assert [event.reason for event in plan.events].count("LateReportRefused") == 1
    again = late.but(states=[stage]).plan(after(2001))
    assert "LateReportRefused" not in [event.reason for event in again.events]


def test_nor_does_it_count_beside_a_later_attempt() -> None:
    replaced = _world(state=_suspected(), idempotent=True, onNodeLost="Replace").plan(after(90))
    done = terminated(make_pod(JOB, uid="p1"), message=mark(make_pod(JOB, uid="p1")))
    late = _world(make_node(), _stage(replaced), done)

    plan = late.plan(after(95))

    assert (_stage(plan).attempt, _stage(plan).commit) == (2, None)
    assert [event.reason for event in plan.events] == ["LateReportRefused"]
    assert _stage(plan).earlier[0].exitCode == 0


# A person declares it failed.


def _asked(seconds: float, *stages: str, state: StageStatus | None = None, **spec: Any) -> RunPlan:
    world = _world(state=state or _suspected())
    request = make_intervention("Recover", *stages, **spec)
    return world.but(interventions=[request]).plan(after(seconds))


def test_a_person_declares_a_stage_failed_before_its_time_is_over() -> None:
    plan = _asked(300, timeoutSeconds=300)

    stage = _stage(plan)
    assert (stage.state, stage.reason, stage.failures) == ("Failed", "Orphaned", 0)
    assert stage.message.endswith("recovered by ops@example.org: font was missing")
    assert _recovered(plan) == [("GivenUp", "NodeLost", "gpu")]
    assert [answer.affected for answer in answers(plan)] == [1]


@pytest.mark.parametrize(
    ("seconds", "spec", "reason"),
    [
        (299, {"timeoutSeconds": 300}, "TooSoon"),
        (1799, {}, "TooSoon"),
    ],
    ids=["the timeout that was given", "half an hour where none was"],
)
def test_but_not_before_the_timeout_is_over(
    seconds: float, spec: dict[str, Any], reason: str
) -> None:
    (answer,) = answers(_asked(seconds, **spec))

    assert [refusal.reason for refusal in answer.refused] == [reason]


def test_nor_a_stage_that_lives() -> None:
    world = _world(make_node(), _suspected().model_copy(update={"suspectedTime": None}))
    request = make_intervention("Recover", "a", timeoutSeconds=1)

    (answer,) = answers(world.but(interventions=[request]).plan(after(100)))

    assert [refusal.reason for refusal in answer.refused] == ["NotSuspected"]


def test_nor_one_on_a_machine_that_may_sleep() -> None:
    away = AT_WORK.model_copy(update={"state": "Away", "awaySince": T0, "suspectedTime": T0})

    (answer,) = answers(_asked(10**6, "a", state=away, timeoutSeconds=1))

    assert [refusal.reason for refusal in answer.refused] == ["MachineAway"]


def test_where_nothing_is_suspected_the_request_is_refused_as_a_whole() -> None:
    world = _world(make_node()).but(interventions=[make_intervention("Recover")])

    (answer,) = answers(world.plan(after(100)))

    assert [refusal.reason for refusal in answer.refused] == ["NothingSuspected"]


def test_the_preview_of_a_retry_says_that_the_old_one_may_still_run() -> None:
    failed = _stage(_world(state=_suspected()).plan(after(1800)))
    retry = make_intervention("Retry", "a").spec

    effect = preview(retry, {"a": failed}, {"a": ()})
    proved = preview(retry, {"a": failed.evolve(suspectedTime=None)}, {"a": ()})

    assert (effect.affected, effect.may_run) == (("a",), ("a",))
    assert proved.may_run == ()
