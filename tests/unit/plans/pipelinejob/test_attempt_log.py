"""The log of an attempt that fails is kept before its Pod goes, and its last line is told."""

from dataclasses import replace

import msgspec
import pytest

from stagework.api.observed import ContainerState, ContainerStatus, PodView, Terminated
from stagework.api.resources import PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion
from stagework.plans.plan import Delete
from tests.support.builders import (
    T0,
    World,
    after,
    deleted,
    deleting,
    disrupted,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
    ungated,
    waiting_for,
)

JOB = make_job("a")
POD = make_pod(JOB)
UID, NAME = POD.metadata.uid, POD.metadata.name
ASKED = LogQuestion("a", 1, UID, NAME, "stage")
LAST_LINE = LogAnswer("KeyError: 'title'")
AWAY = LogAnswer(fault="the API service did not answer within 10 s")
AT_WORK = make_status("a", "Running", pod=UID, turnTime=T0, machine="gpu", node="gpu-0")
FAILED = terminated(POD, 1, finished=after(5))


def _world(
    pod: PodView | None,
    logs: dict[LogQuestion, LogAnswer] | None = None,
    state: StageStatus = AT_WORK,
    retries: int = 0,
) -> World:
    return World(
        stages=[make_stage("a", timeoutSeconds=60, retries=retries, backoffSeconds=10)],
        states=[state],
        jobs=[JOB],
        pods=[pod] if pod is not None else [],
        logs=logs if logs is not None else {},
    )


def test_an_attempt_that_fails_waits_for_its_log_and_nothing_of_it_is_decided() -> None:
    plan = _world(FAILED).plan(after(6))

    assert plan.questions == (ASKED,)
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.attempt, stage.failures) == ("Running", 1, 0)
    assert plan.actions == ()


def test_with_the_log_it_fails_and_tells_the_last_line_everywhere() -> None:
    plan = _world(FAILED, {ASKED: LAST_LINE}).plan(after(6))

    assert plan.questions == ()
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.exitCode) == ("Failed", "NonZeroExit", 1)
    assert stage.logLine == "KeyError: 'title'"
    told = "NonZeroExit: exit code 1; its log ends: KeyError: 'title'"
    assert plan.status.message == f"a failed: {told}"
    assert plan.events[0].message == f"stage a, attempt 1: {told}"
    assert plan.status.conditions[0].message.startswith(f"a failed: {told}; next: stagework logs ")


def test_where_the_service_is_away_it_fails_all_the_same_and_says_so() -> None:
    stage = _world(FAILED, {ASKED: AWAY}).stages_after(after(16))["a"]

    assert (stage.state, stage.logLine) == ("Failed", "")
    assert stage.message == (
        "exit code 1; its log is not kept: the API service did not answer within 10 s"
    )


def test_the_next_attempt_says_how_the_one_before_it_ended() -> None:
    stage = _world(FAILED, {ASKED: LAST_LINE}, retries=1).stages_after(after(6))["a"]

    assert (stage.state, stage.attempt, stage.logLine, stage.exitCode) == ("Waiting", 2, "", None)
    assert stage.message == "attempt 1: NonZeroExit: exit code 1; its log ends: KeyError: 'title'"
    (earlier,) = stage.earlier
    assert (earlier.attempt, earlier.reason, earlier.exitCode) == (1, "NonZeroExit", 1)
    assert earlier.time == after(5)


def test_what_the_stage_has_said_itself_is_not_told_twice() -> None:
    pod = terminated(POD, 1, message="KeyError: 'title'", finished=after(5))

    plan = _world(pod, {ASKED: LAST_LINE}).plan(after(6))

    assert plan.status is not None
    assert plan.status.message == "a failed: NonZeroExit: exit code 1: KeyError: 'title'"


@pytest.mark.parametrize(
    "pod",
    [
        waiting_for(POD, "InvalidImageName", "couldn't parse image name"),
        terminated(POD, 128, reason="StartError", message='exec: "x": executable file not found'),
        disrupted(terminated(POD, 143), "EvictionByEvictionAPI"),
        terminated(POD, 0),
    ],
    ids=["no image", "no program", "interrupted", "no mark, of which there is a log"],
)
def test_only_of_what_has_run_and_failed_is_a_log_asked_for(pod: PodView) -> None:
    plan = _world(pod).plan(after(6))

    assert bool(plan.questions) == (pod == terminated(POD, 0))


def test_an_init_container_that_failed_has_a_log_too() -> None:
    end = ContainerState(terminated=Terminated(exit_code=3, reason="Error"))
    status = replace_status(POD, ContainerStatus("fetch", end))

    plan = _world(status).plan(after(6))

    assert plan.questions == (replace(ASKED, container="fetch"),)


def replace_status(pod: PodView, *initial: ContainerStatus) -> PodView:
    out = ungated(pod)
    spec = msgspec.structs.replace(out.spec, node_name="gpu-0")
    status = msgspec.structs.replace(out.status, phase="Failed", init_container_statuses=initial)
    return msgspec.structs.replace(out, spec=spec, status=status)


# --- of one that is ended for its time ------------------------------------------------------------

TIMED_OUT = make_status(
    "a",
    "Running",
    pod=UID,
    turnTime=T0,
    startTime=T0,
    machine="gpu",
    node="gpu-0",
    stopping={"reason": "TimedOut", "message": "ran longer than timeoutSeconds (60 s)"},
)


def test_a_pod_that_ran_too_long_is_ended_only_once_its_log_is_read() -> None:
    first = _world(running(POD), state=TIMED_OUT).plan(after(61))
    then = _world(running(POD), {ASKED: LAST_LINE}, TIMED_OUT).plan(after(62))

    assert first.questions == (ASKED,)
    assert not deleted(first, PODS)
    assert deleted(then, PODS) == [UID]


def test_it_is_ended_also_where_the_log_is_not_to_be_had() -> None:
    plan = _world(running(POD), {ASKED: AWAY}, TIMED_OUT).plan(after(72))

    assert any(isinstance(action, Delete) for action in plan.actions)


@pytest.mark.parametrize(
    "pod", [deleting(terminated(POD, 143)), None], ids=["its Pod is there", "its Pod is gone"]
)
def test_its_last_line_is_said_whatever_is_left_of_its_pod(pod: PodView | None) -> None:
    world = _world(pod, {ASKED: LAST_LINE}, TIMED_OUT)
    now = after(300)

    stage = world.but(
        looking_since=T0, ready_since={"gpu-0": T0}, states=[lost(TIMED_OUT)]
    ).stages_after(now)["a"]

    assert (stage.state, stage.reason) == ("Failed", "TimedOut")
    assert stage.logLine == "KeyError: 'title'"


def lost(status: StageStatus) -> StageStatus:
    return status.evolve(lostTime=T0)


def test_whoever_ends_it_by_wish_needs_no_log() -> None:
    skipped = TIMED_OUT.evolve(
        stopping=TIMED_OUT.stopping
        and TIMED_OUT.stopping.model_copy(update={"reason": "SkippedByPerson"})
    )

    plan = _world(running(POD), state=skipped).plan(after(61))

    assert plan.questions == ()
    assert deleted(plan, PODS) == [UID]


def test_where_no_logs_are_kept_nothing_is_asked_and_nothing_waits() -> None:
    world = _world(FAILED).but(logs=None)

    assert world.plan(after(6)).questions == ()
    assert world.stages_after(after(6))["a"].state == "Failed"


def test_of_many_attempts_the_last_four_are_told() -> None:
    state = AT_WORK
    for number in range(1, 8):
        state = AT_WORK.evolve(attempt=number, failures=number - 1, earlier=state.earlier)
        pod = make_pod(make_job("a", attempt=number))
        own = terminated(pod, number, finished=after(number))
        state = state.evolve(pod=own.metadata.uid)
        world = World(
            stages=[make_stage("a", retries=10)],
            states=[state],
            jobs=[make_job("a", attempt=number)],
            pods=[own],
        )
        state = world.stages_after(after(number))["a"]

    assert [(e.attempt, e.exitCode) for e in state.earlier] == [(4, 4), (5, 5), (6, 6), (7, 7)]
