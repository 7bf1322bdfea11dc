"""The Pod of a stage is gone: time alone proves nothing."""

from datetime import datetime
from typing import Any

import pytest

from stagework.api.observed import JobView, NodeView, PodView
from stagework.api.resources import JOBS, PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.orphans import LOST_GRACE
from stagework.plans.pipelinejob.snapshot import (
    FoundResult,
    Lookup,
    PodQuestion,
    PodRead,
    ResultQuestion,
    RunPlan,
)
from stagework.plans.transitions import Recovered
from tests.support.builders import (
    NAMESPACE,
    RUN_UID,
    T0,
    World,
    after,
    created,
    deleted,
    ended_job,
    make_intervention,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
    ungated,
)

STAGE = make_stage("a")
JOB = make_job("a")
GONE = make_status(
    "a", "Running", pod="p1", node="gpu-0", machine="gpu", turnTime=T0, startTime=T0, job="job-a-1"
)
FIRST, LAST = ResultQuestion("a", 1, "p1"), ResultQuestion("a", 1, "p1", last=True)
NOTHING = Lookup(None)
GRACE = LOST_GRACE.total_seconds()


def _world(
    state: StageStatus = GONE,
    *,
    job: JobView | None = JOB,
    answers: dict[ResultQuestion, Lookup] | None = None,
    nodes: list[NodeView] | None = None,
    **stage: Any,
) -> World:
    return World(
        stages=[make_stage("a", **stage)],
        states=[state],
        jobs=[job] if job is not None else [],
        lookups=answers or {},
        nodes=[make_node()] if nodes is None else nodes,
    )


def _found(outcome: str = "Succeeded", **changes: Any) -> Lookup:
    fields: dict[str, Any] = {"pod": "p1", "digest": "d", "outcome": outcome}
    return Lookup(FoundResult(**{**fields, **changes}))


def _stage(plan: RunPlan) -> StageStatus:
    assert plan.status is not None
    return plan.status.stages[0]


def _asked_long_ago(**changes: Any) -> StageStatus:
    return GONE.model_copy(update={"reason": "PodLost", "lostTime": after(-GRACE), **changes})


def test_the_artifact_store_is_asked_first() -> None:
    plan = _world().plan()

    assert plan.questions == (FIRST,)
    assert (_stage(plan).state, _stage(plan).reason) == ("Running", "ResultLookup")
    assert plan.actions == ()


def test_a_stored_result_is_committed_as_if_its_mark_had_been_seen() -> None:
    stage = _stage(_world(answers={FIRST: _found(items=3, failed_items=1)}).plan(after(9)))

    assert stage.state == "Succeeded"
    assert stage.commit is not None
    assert (stage.commit.pod, stage.commit.items, stage.commit.failedItems) == ("p1", 3, 1)
    assert stage.commit.prefix_of(NAMESPACE, RUN_UID, "a") == f"{NAMESPACE}/{RUN_UID}/a/1-p1"


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        ("Skipped", "Skipped", "NothingToDo"),
        ("Failed", "Waiting", "BackOff"),
        ("Refused", "Failed", "InputRefused"),
        ("", "Waiting", "BackOff"),
    ],
)
def test_every_stored_outcome_counts(outcome: str, state: str, reason: str) -> None:
    stage = _stage(_world(answers={FIRST: _found(outcome)}).plan(after(9)))

    assert (stage.state, stage.reason) == (state, reason)


def test_a_result_with_garbage_in_it_harms_nothing() -> None:
    garbage = _found(reason="9 lives!", message="x\n" * 500, digest="d" * 999, items="many")

    stage = _stage(_world(answers={FIRST: garbage}).plan(after(9)))

    assert stage.state == "Succeeded"
    assert stage.commit is not None
    assert (stage.commit.items, len(stage.commit.digest)) == (None, 64)
    assert len(stage.message.encode()) <= 128
    assert "odd counts left out: items='many'" in stage.message


def test_a_result_whose_counts_are_no_object_is_said_and_counts() -> None:
    stage = _stage(_world(answers={FIRST: _found(odd_counts=[3])}).plan(after(9)))

    assert (stage.state, stage.message) == ("Succeeded", "odd counts left out: counts=[3]")


def test_a_result_of_another_pod_is_not_this_attempts() -> None:
    stage = _stage(_world(answers={FIRST: _found(pod="twin")}).plan())

    assert (stage.state, stage.reason) == ("Running", "PodLost")


def test_without_a_result_nothing_follows_before_the_grace_is_over() -> None:
    first = _world(answers={FIRST: NOTHING}).plan()
    assert _stage(first).lostTime == after(0)
    assert first.wake_at == after(GRACE)

    before = _world(_stage(first), answers={FIRST: NOTHING}).plan(after(GRACE - 1))
    assert _stage(before) == _stage(first)
    assert before.wake_at == after(GRACE)


def test_after_the_grace_the_store_is_asked_once_more_and_a_new_attempt_follows() -> None:
    state = _asked_long_ago()

    asks = _world(state, answers={FIRST: NOTHING}).plan()
    assert asks.questions == (LAST,)

    stage = _stage(_world(state, answers={FIRST: NOTHING, LAST: NOTHING}).plan())
    assert (stage.state, stage.attempt, stage.interruptions) == ("Waiting", 2, 1)
    assert stage.lostTime is None


def test_a_result_that_was_stored_after_the_first_question_still_counts() -> None:
    stage = _stage(_world(_asked_long_ago(), answers={FIRST: NOTHING, LAST: _found()}).plan())

    assert stage.state == "Succeeded"


@pytest.mark.parametrize(
    "nodes",
    [[make_node(ready=False)], [], [make_node("another")]],
    ids=["not ready", "no node at all", "deleted"],
)
def test_on_a_node_that_is_not_ready_it_may_still_run_for_ever(nodes: list[NodeView]) -> None:
    answers = {FIRST: NOTHING, LAST: NOTHING}

    plan = _world(_asked_long_ago(), answers=answers, nodes=nodes).plan(after(10**6))

    stage = _stage(plan)
    assert (stage.state, stage.attempt, stage.reason) == ("Running", 1, "PodLost")
    assert "it may still run there" in stage.message
    assert stage.lostTime is None, "the grace begins when the node is ready"
    assert plan.wake_at is not None
    assert plan.wake_at > after(10**6)


def test_a_node_that_comes_back_is_given_the_whole_grace() -> None:
    """Only now does its kubelet learn that the Pod is gone."""
    back = _world(GONE.model_copy(update={"reason": "PodLost"}), answers={FIRST: NOTHING})

    plan = back.plan(after(1000))

    assert _stage(plan).lostTime == after(1000)
    assert plan.wake_at == after(1000 + GRACE)


@pytest.mark.parametrize(
    ("nodes", "over"),
    [
        pytest.param([make_node("gpu-0"), make_node("gpu-1")], True, id="all of its class ready"),
        pytest.param(
            [make_node("gpu-0"), make_node("gpu-1", ready=False)], False, id="one is not ready"
        ),
        pytest.param([make_node("m", "macmini")], False, id="none of its class is there"),
    ],
)
def test_an_attempt_whose_node_is_unknown_may_be_on_any_of_its_class(
    nodes: list[NodeView], *, over: bool
) -> None:
    state = _asked_long_ago(node="")

    plan = _world(state, answers={FIRST: NOTHING, LAST: NOTHING}, nodes=nodes).plan()

    assert (_stage(plan).attempt == 2) is over


def test_an_exit_code_stage_is_done_when_its_job_has_counted_the_pod() -> None:
    plan = _world(job=ended_job(JOB, "Complete"), contract="ExitCode").plan(after(9))

    stage = _stage(plan)
    assert stage.state == "Succeeded"
    assert plan.questions == (), "such stages store no result"


def test_an_exit_code_stage_whose_job_failed_proves_nothing() -> None:
    stage = _stage(_world(job=ended_job(JOB), contract="ExitCode").plan(after(9)))

    assert (stage.state, stage.reason) == ("Running", "PodLost")


def test_a_completed_job_proves_that_the_process_has_ended() -> None:
    """But without its mark nobody knows how: the attempt is made again, at once."""
    world = _world(job=ended_job(JOB, "Complete"), answers={FIRST: NOTHING})

    assert _stage(world.plan(after(9))).attempt == 2


@pytest.mark.parametrize("job", [JOB, None], ids=["Job there", "Job gone"])
def test_an_absent_job_proves_nothing(job: JobView | None) -> None:
    stage = _stage(_world(job=job, answers={FIRST: NOTHING}).plan())

    assert stage.reason == "PodLost"


def test_a_second_pod_of_the_job_does_not_hide_that_the_recorded_one_is_gone() -> None:
    twin = make_pod(JOB, uid="p2")
    for pod in (twin, ungated(twin)):
        world = _world(answers={FIRST: NOTHING}).but(pods=[pod])
        stage = _stage(world.plan())
        assert (stage.pod, stage.reason) == ("p1", "PodLost")


@pytest.mark.parametrize("contract", ["ExitCode", "Mark"])
def test_a_second_pod_of_the_job_that_was_counted_says_nothing_about_the_recorded_one(
    contract: str,
) -> None:
    """Somebody may have taken the gate off the one that the Job controller has made since."""
    twin = terminated(make_pod(JOB, uid="p2"))
    world = _world(job=ended_job(JOB, "Complete"), answers={FIRST: NOTHING}, contract=contract).but(
        pods=[twin]
    )

    stage = _stage(world.plan())

    assert (stage.state, stage.reason) == ("Running", "PodLost")


def test_the_job_of_a_lost_pod_goes_once_it_has_made_another() -> None:
    """It would be counted as if it were the lost one."""
    alone = _world(answers={FIRST: NOTHING})
    replaced = alone.but(pods=[make_pod(JOB, uid="p2")])

    assert deleted(alone.plan(), JOBS) == []
    assert deleted(replaced.plan(), JOBS) == [JOB.metadata.uid]


@pytest.mark.parametrize("reason", ["TimedOut", "RetriedByPerson"])
def test_an_attempt_that_was_to_be_stopped_must_be_proved_to_have_ended_too(reason: str) -> None:
    state = GONE.model_copy(update={"stopping": make_status(stopping={"reason": reason}).stopping})

    waits = _world(state).plan()
    assert waits.questions == (), "what it has stored does not count any more"
    assert (_stage(waits).attempt, _stage(waits).reason) == (1, "PodLost")

    over = _world(_stage(waits)).plan(after(GRACE))
    assert _stage(over).attempt == 2


def test_a_skipped_attempt_needs_no_proof_for_nothing_follows_it() -> None:
    verdict = make_status(stopping={"reason": "SkippedByPerson", "message": "ops"}).stopping
    state = GONE.model_copy(update={"stopping": verdict})

    stage = _stage(_world(state, nodes=[]).plan())

    assert (stage.state, stage.message) == ("Skipped", "ops")


OF_JOB = ResultQuestion("a", 1, JOB.metadata.uid)
HELD = make_status("a", "Starting", reason="PodCreating", turnTime=T0, machine="gpu")
BEFORE_ITS_TURN = make_status("a", "Waiting", reason="NoFreeSlot")


@pytest.mark.parametrize("state", [HELD, BEFORE_ITS_TURN], ids=["at its turn", "before its turn"])
def test_a_job_that_ends_while_its_pod_is_held_is_made_again_and_costs_no_attempt(
    state: StageStatus,
) -> None:
    world = _world(state, job=ended_job(JOB), answers={OF_JOB: NOTHING})

    plan = world.plan(after(5))

    assert deleted(plan, JOBS) == [JOB.metadata.uid]
    assert len(plan.actions) == 1
    stage = world.stages_after(after(5))["a"]
    assert (stage.attempt, stage.failures, stage.interruptions) == (1, 0, 0)
    again = world.but(states=[stage], jobs=[]).plan(after(6))
    assert created(again) == ["a"]


def test_an_ended_job_that_will_not_go_holds_nothing_up() -> None:
    """Another is made, once, under another name."""
    world = _world(HELD, job=ended_job(JOB))
    later = world.but(states=[world.stages_after(after(5))["a"]])

    plan = later.plan(after(6))

    assert created(plan) == ["a"]
    assert deleted(plan, JOBS) == []
    assert _stage(plan).remakes == 1
    assert _stage(plan).job not in {"", JOB.metadata.name}


def test_an_ended_job_that_will_not_go_does_not_stop_the_start_deadline() -> None:
    world = _world(HELD, job=ended_job(JOB), answers={OF_JOB: NOTHING})

    stage = world.stages_after(after(120))["a"]

    assert stage.stopping is not None


def test_a_result_is_not_asked_for_where_no_pod_was_chosen() -> None:
    plan = _world(HELD, job=ended_job(JOB), answers={OF_JOB: _found()}).plan(after(9))

    assert plan.questions == ()
    assert _stage(plan).state != "Succeeded"


def test_an_answer_about_an_earlier_job_of_the_attempt_says_nothing_about_a_later_one() -> None:
    """The held Job ended and was made anew; of the second one's Pod nobody has been asked."""
    later = _world(job=make_job("a", uid="second"), answers={OF_JOB: NOTHING})

    assert later.plan().questions == (FIRST,)


def test_the_recorded_pods_result_counts_though_another_pod_has_left_one_too() -> None:
    both = Lookup(
        FoundResult(pod="p0", digest="d", outcome="Failed"),
        (FoundResult(pod="p1", digest="d", outcome="Succeeded"),),
    )

    stage = _stage(_world(answers={FIRST: both}).plan(after(9)))

    assert stage.state == "Succeeded"
    assert stage.commit is not None
    assert stage.commit.prefix_of(NAMESPACE, RUN_UID, "a") == f"{NAMESPACE}/{RUN_UID}/a/1-p1"


def test_a_stage_that_asked_about_a_job_that_is_gone_meanwhile_goes_on() -> None:
    state = make_status("a", "Waiting", reason="ResultLookup", message="asks")

    plan = _world(state, job=None).plan()

    assert created(plan) == ["a"]


@pytest.mark.parametrize(
    ("world", "how"),
    [
        pytest.param(_world(answers={FIRST: _found()}), "StoredResult", id="its result was stored"),
        pytest.param(
            _world(job=ended_job(JOB, "Complete"), contract="ExitCode"),
            "JobCondition",
            id="its Job was counted",
        ),
        pytest.param(
            _world(_asked_long_ago(), answers={FIRST: NOTHING, LAST: NOTHING}),
            "NewAttempt",
            id="it has left nothing",
        ),
    ],
)
def test_how_it_was_recovered_is_said(world: World, how: str) -> None:
    recovered = [fact.how for fact in world.plan().facts if isinstance(fact, Recovered)]

    assert recovered == [how]


def test_what_is_only_waited_for_is_not_recovered() -> None:
    facts = _world(answers={FIRST: NOTHING}).plan().facts

    assert not any(isinstance(fact, Recovered) for fact in facts)


# A label taken off a Pod is not its end.

ASK = PodQuestion("p1", "gpu-0")
POD = make_pod(JOB, uid="p1")


def _unlabelled(pod: PodView, at: datetime = T0, state: StageStatus = GONE) -> World:
    return _world(state).but(reads={ASK: PodRead(pod, at)})


def test_the_api_server_is_asked_before_a_pod_is_believed_gone() -> None:
    plan = _world().but(reads={}).plan()

    assert plan.questions == (ASK,)
    assert plan.actions == ()
    assert (_stage(plan).state, _stage(plan).reason, _stage(plan).lostTime) == (
        "Running",
        "PodLost",
        None,
    )


def test_a_pod_that_has_lost_its_label_runs_on_and_is_read_again_in_ten_seconds() -> None:
    world = _unlabelled(running(POD, since=T0))

    soon, later = world.plan(after(3)), world.plan(after(10))

    assert (soon.questions, soon.wake_at) == ((), after(10))
    assert later.questions == (ASK,)
    assert world.stages_after(after(10))["a"].reason == ""


def test_a_pod_that_has_lost_its_label_is_committed_by_its_mark() -> None:
    stage = _unlabelled(terminated(POD, message=mark(POD))).stages_after(after(9))["a"]

    assert stage.state == "Succeeded"
    assert stage.commit is not None
    assert stage.commit.prefix_of(NAMESPACE, RUN_UID, "a") == f"{NAMESPACE}/{RUN_UID}/a/1-p1"


def test_a_pod_that_has_lost_its_label_is_ended_at_its_timeout() -> None:
    verdict = make_status(stopping={"reason": "TimedOut"}).stopping
    world = _unlabelled(running(POD, since=T0), state=GONE.model_copy(update={"stopping": verdict}))

    assert deleted(world.plan(after(5)), PODS) == ["p1"]


def test_what_was_read_long_ago_is_not_believed_any_more() -> None:
    """The watch may have shown it again meanwhile, and its end."""
    plan = _unlabelled(running(POD, since=T0)).plan(after(30))

    assert plan.questions == (ASK,)
    assert _stage(plan).reason == "PodLost"


def test_what_the_watch_shows_counts_before_what_was_read() -> None:
    shown = terminated(POD, message=mark(POD))
    world = _unlabelled(running(POD, since=T0)).but(pods=[shown])

    plan = world.plan(after(12))

    assert (_stage(plan).state, plan.questions) == ("Succeeded", ())


# The grace counts only while somebody looks and the node is ready.


@pytest.mark.parametrize(
    "changes",
    [{"looking_since": after(50)}, {"ready_since": {"gpu-0": after(50)}}],
    ids=["the operator was away", "the node was away between two looks"],
)
def test_the_grace_begins_anew_after_a_break(changes: dict[str, Any]) -> None:
    state = GONE.model_copy(update={"reason": "PodLost", "lostTime": after(0)})
    world = _world(state, answers={FIRST: NOTHING, LAST: NOTHING}).but(**changes)

    waits, over = world.plan(after(50 + GRACE - 1)), world.plan(after(50 + GRACE))

    assert waits.status is None or _stage(waits).attempt == 1
    assert waits.wake_at == after(50 + GRACE)
    assert _stage(over).attempt == 2


def test_other_nodes_breaks_say_nothing_where_the_node_is_known() -> None:
    world = _world(_asked_long_ago(), answers={FIRST: NOTHING, LAST: NOTHING})

    assert _stage(world.but(ready_since={"gpu-9": after(0)}).plan()).attempt == 2


def test_a_cordoned_node_that_is_ready_ends_what_was_removed() -> None:
    nodes = [make_node(cordoned=True)]

    plan = _world(_asked_long_ago(), answers={FIRST: NOTHING, LAST: NOTHING}, nodes=nodes).plan()

    assert _stage(plan).attempt == 2


# Skip needs no proof; a Retry after it does.


@pytest.mark.parametrize("retried", ["a", "above"])
def test_a_retry_of_what_was_skipped_while_it_was_missed_waits_for_the_proof(retried: str) -> None:
    verdict = make_status(stopping={"reason": "SkippedByPerson", "message": "ops"}).stopping
    state = GONE.model_copy(update={"stopping": verdict})
    stages = [make_stage("above"), make_stage("a", dependsOn=["above"])]
    above = make_status("above", "Succeeded", commit={"attempt": 1})
    world = _world(state, nodes=[]).but(stages=stages, states=[above, state])
    skipped = world.stages_after(after(5))["a"]
    assert skipped.state == "Skipped"

    ask = world.but(states=[above, skipped], interventions=[make_intervention("Retry", retried)])
    asked = ask.stages_after(after(9))["a"]

    assert (asked.attempt, asked.reason) == (1, "PodLost")
    assert asked.active
    assert asked.stopping is not None
    waits = world.but(states=[above, asked], nodes=[make_node()])
    over = waits.but(ready_since={"gpu-0": after(20)})
    missed = over.stages_after(after(20))["a"]
    assert (missed.attempt, missed.lostTime) == (1, after(20))
    assert over.but(states=[above, missed]).stages_after(after(20 + GRACE))["a"].attempt == 2


def test_a_retry_of_what_was_skipped_once_it_had_ended_waits_for_nothing() -> None:
    skipped = make_status("a", "Skipped", pod="p1", node="gpu-0", machine="gpu")

    stage = _world(skipped).but(interventions=[make_intervention("Retry", "a")])

    assert stage.stages_after(after(9))["a"].attempt == 2


# Nothing waits below what has failed for good.


def test_what_comes_to_wait_below_a_stage_that_failed_meanwhile_is_given_up() -> None:
    """Its old attempt was being ended, for a Retry of the stage above, which then failed."""
    ending = _asked_long_ago(stopping=make_status(stopping={"reason": "RetriedByPerson"}).stopping)
    above = make_status("above", "Failed", attempt=2, reason="NonZeroExit")
    stages = [make_stage("above"), make_stage("a", dependsOn=["above"])]

    plan = _world(ending).but(stages=stages, states=[above, ending]).plan()

    assert plan.status is not None
    assert plan.status.stages[1].state == "NotRun"
    assert plan.status.summary == "StageFailed"
