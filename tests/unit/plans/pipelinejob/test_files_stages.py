"""A stage of `contract: Files`: any image, with our own containers before it and beside it."""

import msgspec
import pytest

from stagework.api.observed import PodView, Terminated
from stagework.api.resources import PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import FoundResult, Lookup, ResultQuestion, RunPlan
from stagework.plans.plan import Delete
from tests.support.builders import (
    NAMESPACE,
    RUN_UID,
    T0,
    World,
    after,
    deleted,
    deleting,
    files,
    make_job,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    scheduled,
    terminated,
    waiting_for,
)

JOB = make_job("a")
HELD = make_pod(JOB)
UID = HELD.metadata.uid
LONG_GRACE = msgspec.structs.replace(HELD.spec, termination_grace_period_seconds=300)
POD = msgspec.structs.replace(HELD, spec=LONG_GRACE)
STAGE = make_stage("a", contract="Files", timeoutSeconds=60, retries=2, backoffSeconds=10)
AT_WORK = make_status("a", "Running", pod=UID, turnTime=T0, machine="gpu", node="gpu-0")
ENDED = terminated(POD, started=T0, finished=after(50))
MARK = mark(POD)
FIRST, LAST = ResultQuestion("a", 1, UID), ResultQuestion("a", 1, UID, last=True)


def _world(pod: PodView | None, state: StageStatus = AT_WORK) -> World:
    pods = [pod] if pod is not None else []
    return World(stages=[STAGE], states=[state], jobs=[JOB], pods=pods)


def _plan(pod: PodView, seconds: float = 55, state: StageStatus = AT_WORK) -> RunPlan:
    return _world(pod, state).plan(after(seconds))


def _stage(plan: RunPlan) -> StageStatus:
    assert plan.status is not None
    return plan.status.stages[0]


def _deletions(plan: RunPlan) -> list[int | None]:
    return [a.grace_seconds for a in plan.actions if isinstance(a, Delete)]


def test_what_has_been_stored_is_committed_by_the_mark_of_our_own_container() -> None:
    stage = _stage(_plan(files.kept(ENDED, MARK)))

    assert (stage.state, stage.completionTime) == ("Succeeded", after(50))
    assert stage.commit is not None
    prefix = f"{NAMESPACE}/{RUN_UID}/a/1-{UID}"
    assert stage.commit.prefix_of(NAMESPACE, RUN_UID, "a") == prefix
    assert stage.commit.digest == "d" * 64


def test_a_mark_that_the_program_writes_itself_counts_for_nothing() -> None:
    forged = terminated(POD, message=MARK, finished=after(50))

    assert _stage(_plan(files.keeping(forged))).state == "Running"
    stage = _stage(_plan(files.kept(forged, exit_code=137)))
    assert (stage.state, stage.reason) == ("Waiting", "BackOff")
    assert stage.message.startswith("attempt 1: OutputsNotKept: exit code 0, but its outputs")


def test_while_its_outputs_are_stored_the_stage_runs_whatever_its_timeout() -> None:
    plan = _plan(files.keeping(ENDED), 200)

    stage = _stage(plan)
    assert (stage.state, stage.stopping) == ("Running", None)
    assert plan.wake_at == after(50 + 300 + 60)
    assert deleted(plan, PODS) == []


def test_outputs_that_are_never_stored_fail_the_attempt() -> None:
    plan = _plan(files.keeping(ENDED), 410)

    stopping = _stage(plan).stopping
    assert stopping is not None
    assert stopping.reason == "OutputsNotKept"

    state = _stage(plan)
    ended = _plan(files.keeping(ENDED), 411, state)
    assert _deletions(ended) == [30], "with no more grace than others"
    assert _stage(ended).reason == "BackOff"


def test_a_result_that_others_hide_is_seen_where_our_container_was_started_again() -> None:
    pod = files.keeping(ENDED, Terminated(0, "Completed", MARK))

    assert _stage(_plan(pod)).state == "Succeeded"


@pytest.mark.parametrize("message", ["", "not a mark", mark(POD, pod="twin")])
def test_exit_0_without_a_mark_of_ours_is_a_failure_to_keep_the_outputs(message: str) -> None:
    stage = _stage(_plan(files.kept(ENDED, message, 1)))

    assert (stage.state, stage.failures) == ("Waiting", 1)
    assert "outputs were not stored" in stage.message


def test_a_stage_that_the_fence_has_ended_uses_up_no_attempt() -> None:
    stage = _stage(_plan(files.kept(terminated(POD, 143), exit_code=75)))

    assert (stage.failures, stage.interruptions) == (0, 1)


def test_an_input_that_can_never_be_had_fails_the_stage_at_once() -> None:
    said = mark(POD, "Refused", reason="InputNotFetched", message="not in the store")
    pod = files.not_fetched(waiting_for(POD, "PodInitializing"), 2, said)

    stage = _stage(_plan(pod))

    assert (stage.state, stage.reason, stage.message) == (
        "Failed",
        "InputNotFetched",
        "not in the store",
    )


def test_a_stage_whose_inputs_are_being_fetched_says_so() -> None:
    stage = _stage(_plan(files.fetching(scheduled(POD)), 5))

    assert (stage.state, stage.message) == (
        "Starting",
        "on node gpu-0, its inputs are being fetched",
    )


def test_what_keeps_our_own_container_from_starting_is_the_stages_cause() -> None:
    pod = files.fetch_waits(scheduled(POD), "ErrImagePull", "no such image")

    stage = _stage(_plan(pod, 5))

    assert (stage.state, stage.reason, stage.message) == (
        "Starting",
        "ErrImagePull",
        "container stagework-fetch before it: no such image",
    )
    assert _stage(_plan(pod, 40)).state == "Stuck"


def test_a_pod_that_was_made_without_our_containers_speaks_for_itself() -> None:
    """It is of an operator that knew no such contract, and of a run that said none."""
    assert _stage(_plan(terminated(POD, message=MARK))).state == "Succeeded"
    assert _stage(_plan(terminated(POD))).reason == "NoCompletionMark"


# --- the grace for the outputs, and those who stop a stage ------------------


def test_a_grace_that_somebody_else_has_given_is_left_alone() -> None:
    """No kubelet heeds a shorter one that is given later."""
    drained = deleting(files.keeping(running(POD)), after(2))

    assert _deletions(_plan(drained, 3)) == []


def test_a_deletion_while_outputs_are_stored_is_left_alone() -> None:
    drained = deleting(files.keeping(ENDED), after(52))

    assert _deletions(_plan(drained)) == []


def test_the_operator_stops_a_stage_with_the_grace_of_all_others() -> None:
    late = _stage(_plan(files.keeping(running(POD, since=T0)), 61))
    assert late.stopping is not None

    assert _deletions(_plan(files.keeping(running(POD, since=T0)), 62, late)) == [30]


# --- when the Pod has gone --------------------------------------------------


@pytest.mark.parametrize(
    ("exit_code", "state"),
    [(0, "Succeeded"), (1, "Running"), (None, "Running"), (False, "Running"), ("0", "Running")],
)
def test_only_a_result_with_a_reported_exit_code_of_0_proves_anything(
    exit_code: object, state: str
) -> None:
    found = FoundResult(pod=UID, digest="d", outcome="Succeeded", exit_code=exit_code)
    world = _world(None).but(lookups={FIRST: Lookup(found), LAST: Lookup(found)})

    assert world.stages_after(after(55))["a"].state == state
