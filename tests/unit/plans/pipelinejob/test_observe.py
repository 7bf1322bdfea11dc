"""One stage is brought up to what its Job and Pod show."""

from typing import Any

import pytest

from stagework.api.observed import PodView
from stagework.api.resources import JOBS, PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.made import Made
from stagework.plans.plan import Refusal, creation
from tests.support.builders import (
    GPU,
    T0,
    World,
    after,
    created,
    deleted,
    deleting,
    held_by_others,
    make_fleet,
    make_job,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
    ungated,
    unscheduled,
    waiting_for,
)

JOB = make_job("a")
POD = make_pod(JOB)
UID = POD.metadata.uid
STAGE = make_stage("a", timeoutSeconds=60, startDeadlineSeconds=120, retries=2, backoffSeconds=10)
AT_WORK = make_status("a", "Running", pod=UID, turnTime=T0, machine="gpu", node="gpu-0")


def _world(pod: PodView | None, state: StageStatus = AT_WORK, **changes: Any) -> World:
    return World(
        stages=[STAGE],
        states=[state],
        jobs=[JOB],
        pods=[pod] if pod is not None else [],
        **changes,
    )


def _after(pod: PodView, seconds: float = 0, state: StageStatus = AT_WORK) -> StageStatus:
    return _world(pod, state).stages_after(after(seconds))["a"]


def test_a_running_container_makes_the_stage_run() -> None:
    stage = _after(running(POD, since=after(3)), 4)

    assert (stage.state, stage.node, stage.machine) == ("Running", "gpu-0", "gpu")
    assert stage.startTime == after(3)


def test_a_stage_is_reconciled_again_at_its_timeout() -> None:
    assert _world(running(POD, since=after(3))).plan(after(4)).wake_at == after(63)


@pytest.mark.parametrize(
    ("pod", "reason", "message"),
    [
        (ungated(POD), "Scheduling", "waits for the scheduler"),
        (unscheduled(POD, "0/3 nodes"), "Unschedulable", "0/3 nodes"),
        (waiting_for(POD, "ErrImagePull", "no such\n image"), "ErrImagePull", "no such image"),
        (
            held_by_others(ungated(POD)),
            "HeldByOthers",
            "held by the scheduling gate example.org/quota",
        ),
    ],
    ids=["just ungated", "no node fits", "image", "others' gate"],
)
def test_a_stage_that_starts_says_why_it_does_not_run_yet(
    pod: PodView, reason: str, message: str
) -> None:
    stage = _after(pod)

    assert (stage.state, stage.reason, stage.message) == ("Starting", reason, message)


def test_the_job_of_a_pod_that_an_older_version_has_chosen_is_recorded() -> None:
    """That one kept the Job's name alone."""
    before = make_status("a", "Running", pod=UID, job=JOB.metadata.name, machine="gpu")
    world = World(
        stages=[make_stage("a")], states=[before], jobs=[JOB], pods=[running(POD)], made=Made()
    )

    stage = world.stages_after(after(1))["a"]

    assert (stage.state, stage.pod, stage.machine) == ("Running", UID, "gpu")
    assert (stage.job, stage.jobUid) == (JOB.metadata.name, JOB.metadata.uid)


def test_a_mark_commits_the_stage() -> None:
    text = mark(POD, reason="Fine", message="done", counts={"items": 10, "failed": 1})
    plan = _world(terminated(POD, message=text, finished=after(50))).plan(after(55))

    assert plan.urgent
    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.message) == ("Succeeded", "Fine", "done")
    assert stage.completionTime == after(50), "when it ended, not when it was seen"
    assert stage.commit is not None
    assert stage.commit.model_dump(exclude={"digest", "prefix", "skips"}) == {
        "attempt": 1,
        "pod": UID,
        "items": 10,
        "failedItems": 1,
    }


def test_a_stage_may_skip_itself() -> None:
    stage = _after(terminated(POD, message=mark(POD, "Skipped", reason="NoAudio")), 9)

    assert (stage.state, stage.reason) == ("Skipped", "NoAudio")
    assert stage.skip is None, "nobody has skipped it"


def test_an_exit_code_stage_is_committed_without_a_mark() -> None:
    stage = STAGE.model_copy(update={"contract": "ExitCode"})
    world = _world(terminated(POD, message="any text")).but(stages=[stage])

    committed = world.stages_after(after(9))["a"]

    assert committed.state == "Succeeded"
    assert committed.commit is not None
    assert (committed.commit.pod, committed.commit.prefix) == (UID, "")


def test_a_failed_attempt_is_followed_by_the_next_after_its_back_off() -> None:
    plan = _world(terminated(POD, 1, finished=after(50))).plan(after(51))

    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.reason, stage.attempt) == ("Waiting", "BackOff", 2)
    assert (stage.failures, stage.interruptions) == (1, 0)
    assert stage.notBeforeTime == after(61), "counted from when its end was seen"
    assert stage.message == "attempt 1: NonZeroExit: exit code 1"
    assert (stage.pod, stage.job, stage.startTime) == ("", "", None)
    assert plan.urgent
    assert plan.wake_at == after(61)
    (event,) = plan.events
    assert event.message.endswith("NonZeroExit: exit code 1; next attempt in 10 s")


def test_the_last_failure_is_final() -> None:
    state = AT_WORK.model_copy(update={"failures": 2})

    stage = _after(terminated(POD, 1), 9, state)

    assert (stage.state, stage.reason, stage.failures) == ("Failed", "NonZeroExit", 3)
    assert stage.attempt == 1


def test_a_refused_input_is_not_tried_again() -> None:
    text = mark(POD, "Refused", reason="EmptyImage", message="give a PNG")

    stage = _after(terminated(POD, 2, message=text), 9)

    assert (stage.state, stage.reason, stage.message) == ("Failed", "EmptyImage", "give a PNG")


def test_an_interruption_costs_no_attempt() -> None:
    stage = _after(deleting(terminated(POD, 143, finished=after(5))), 5.5)

    assert (stage.state, stage.attempt, stage.failures, stage.interruptions) == ("Waiting", 2, 0, 1)
    assert stage.notBeforeTime == after(6.5)


def test_the_eleventh_interruption_is_final() -> None:
    state = AT_WORK.model_copy(update={"interruptions": 10})

    stage = _after(deleting(terminated(POD, 143)), 6, state)

    assert (stage.state, stage.reason) == ("Failed", "TooManyInterruptions")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("garbage", "BadCompletionMark", id="garbage"),
        pytest.param("x" * 5000, "BadCompletionMark", id="5,000 bytes"),
        pytest.param(mark(POD, attempt=7), "ForeignCompletionMark", id="another attempt"),
        pytest.param(mark(POD, pod="twin"), "ForeignCompletionMark", id="another Pod"),
    ],
)
def test_exit_0_without_a_good_mark_is_a_failure(text: str, reason: str) -> None:
    stage = _after(terminated(POD, 0, message=text), 9)

    assert (stage.state, stage.attempt) == ("Waiting", 2)
    assert reason in stage.message


def test_exit_0_without_any_mark_is_not_tried_again() -> None:
    stage = _after(terminated(POD, 0), 9)

    assert (stage.state, stage.attempt, stage.reason) == ("Failed", 1, "NoCompletionMark")
    assert "stagekit" in stage.message
    assert "contract" in stage.message


@pytest.mark.parametrize(
    ("of_stage", "of_class", "state", "said"),
    [
        ({"memory": "64Mi"}, {}, "Failed", "64Mi"),
        ({}, {"memory": "2Gi"}, "Failed", "2Gi"),
        ({"memory": "64Mi"}, {"memory": "2Gi"}, "Failed", "2Gi"),
        ({}, {}, "Waiting", "with no limit of its own"),
    ],
    ids=[
        "of the stage",
        "of its class",
        "its class wins, as in the Pod",
        "none: the node was full",
    ],
)
def test_a_memory_kill_is_tried_again_only_where_the_stage_has_no_limit(
    of_stage: dict[str, str], of_class: dict[str, str], state: str, said: str
) -> None:
    gpu = GPU.model_copy(update={"resources": of_class})
    killed = _world(terminated(POD, 137, reason="OOMKilled"), fleet=make_fleet(gpu))
    world = killed.but(stages=[make_stage("a", resources={"limits": of_stage})])

    status = world.stages_after(after(9))["a"]

    assert status.state == state
    assert said in status.message


def test_a_stage_beyond_its_timeout_is_recorded_first_and_ended_then() -> None:
    pod = running(POD, since=T0)
    first = _world(pod).plan(after(60))

    assert first.urgent
    assert first.status is not None
    (recorded,) = first.status.stages
    assert recorded.stopping is not None
    assert recorded.stopping.reason == "TimedOut"
    assert first.actions == ()

    second = _world(pod, recorded).plan(after(61))
    assert deleted(second, PODS) == [UID]
    assert len(second.actions) == 1

    third = _world(deleting(pod), recorded).plan(after(62))
    assert third.actions == (), "it was asked to end once"


@pytest.mark.parametrize("code", [0, 137, 143])
def test_the_recorded_verdict_counts_whatever_the_pod_says_at_last(code: int) -> None:
    state = AT_WORK.model_copy(update={"stopping": _verdict("TimedOut")})
    pod = deleting(terminated(POD, code, message=mark(POD), finished=after(70)))

    stage = _after(pod, 71, state)

    assert (stage.state, stage.attempt, stage.failures) == ("Waiting", 2, 1)
    assert stage.message == "attempt 1: TimedOut: because"
    assert stage.commit is None
    assert stage.stopping is None


def _verdict(reason: str) -> Any:
    return make_status(stopping={"reason": reason, "message": "because"}).stopping


@pytest.mark.parametrize(
    "pod",
    [
        waiting_for(POD, "ErrImagePull", "no such image"),
        waiting_for(POD, "CreateContainerConfigError", "no such secret"),
        unscheduled(POD, "0/3 nodes"),
        held_by_others(ungated(POD)),
    ],
    ids=["image", "Secret", "no node fits", "others' gate"],
)
def test_what_cannot_start_is_stuck_after_its_grace(pod: PodView) -> None:
    assert _after(pod, 29).state == "Starting"
    assert _world(pod).plan(after(29)).wake_at == after(30)

    plan = _world(pod).plan(after(30))

    assert plan.status is not None
    assert (plan.status.stages[0].state, plan.status.summary) == ("Stuck", "Stuck")
    assert plan.status.message.startswith("a is stuck: ")
    assert [event.reason for event in plan.events] == ["StageStuck"]
    assert plan.wake_at == after(120), "its start deadline"


def test_a_slow_pull_is_not_stuck() -> None:
    assert _after(waiting_for(POD, "ContainerCreating"), 100).state == "Starting"


def test_what_is_stuck_starts_after_all() -> None:
    stuck = make_status("a", "Stuck", pod=UID, turnTime=T0, machine="gpu", reason="ErrImagePull")

    stage = _after(running(POD, since=after(60)), 61, stuck)
    assert (stage.state, stage.reason, stage.message) == ("Running", "", "")
    assert _after(waiting_for(POD, "ContainerCreating"), 61, stuck).state == "Starting"


HOPELESS = waiting_for(POD, "InvalidImageName", "couldn't parse image name")


def test_what_waiting_will_not_mend_is_ended_at_once_and_tried_no_more() -> None:
    stage = _after(HOPELESS, 1)
    assert stage.stopping is not None
    assert (stage.stopping.reason, stage.stopping.message) == (
        "InvalidImageName",
        "couldn't parse image name",
    )

    ended = _after(terminated(POD, 143), 3, stage)
    assert (ended.state, ended.attempt, ended.reason) == ("Failed", 1, "InvalidImageName")
    assert ended.message == "couldn't parse image name"


TOO_LATE = "not started within startDeadlineSeconds (120 s)"


def test_a_late_start_is_recorded_with_its_cause() -> None:
    stage = _after(waiting_for(POD, "ImagePullBackOff", "no such image"), 120)

    assert stage.stopping is not None
    assert stage.stopping.reason == "StartDeadlineExceeded"
    assert stage.stopping.message == f"no such image (ImagePullBackOff); {TOO_LATE}"


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        ("PodCreating", "", "Kubernetes made no Pod"),
        ("QuotaExceeded", "exceeded quota: jobs", "exceeded quota: jobs (QuotaExceeded)"),
    ],
)
def test_the_start_deadline_also_counts_before_any_pod_exists(
    reason: str, message: str, cause: str
) -> None:
    state = make_status("a", "Starting", turnTime=T0, reason=reason, message=message)
    world = World(stages=[STAGE], states=[state], jobs=[], pods=[])

    stage = world.stages_after(after(120))["a"]

    assert stage.stopping is not None
    assert stage.stopping.message == f"{cause}; {TOO_LATE}"


def test_what_never_had_a_pod_is_over_as_soon_as_its_verdict_is_recorded() -> None:
    state = make_status(
        "a", "Starting", turnTime=T0, stopping={"reason": "StartDeadlineExceeded", "message": "x"}
    )

    stage = World(stages=[STAGE], states=[state]).stages_after(after(121))["a"]

    assert (stage.state, stage.attempt, stage.failures) == ("Waiting", 2, 1)


def test_a_held_pod_with_a_verdict_goes_with_its_job() -> None:
    state = make_status("a", "Starting", turnTime=T0, stopping={"reason": "TimedOut"})

    plan = _world(POD, state).plan(after(5))

    assert deleted(plan, JOBS) == [JOB.metadata.uid]
    assert len(plan.actions) == 1


def test_a_job_that_can_never_be_made_fails_the_stage_for_good() -> None:
    refusal = Refusal("Invalid", "spec.template: invalid image")
    world = World(
        stages=[STAGE],
        states=[make_status("a", reason="Queued")],
        refusals={creation("a", 1): refusal},
    )

    plan = world.plan()

    assert plan.status is not None
    assert plan.status.summary == "StageFailed"
    assert plan.status.stages[0].reason == "JobRefused"
    assert plan.status.stages[0].message == refusal.message
    assert created(plan) == []


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Skipped"])
def test_what_is_over_is_never_revised_by_a_pod(state: str) -> None:
    done = make_status("a", state, reason="Because", commit={"attempt": 1, "pod": UID})

    for pod in (running(POD), terminated(POD, 1), terminated(POD, 0, message=mark(POD))):
        stage = _after(pod, 500, done)
        assert (stage.state, stage.commit) == (state, done.commit)


def test_a_view_from_before_the_ungating_changes_nothing() -> None:
    stage = _after(POD, 1, make_status("a", "Starting", pod=UID, machine="gpu", turnTime=T0))

    assert (stage.state, stage.pod) == ("Starting", UID)
    assert stage.lostTime is None


def test_a_running_container_without_a_start_time_has_one_from_then_on() -> None:
    pod = running(POD, since=None)

    first = _after(pod, 5)
    late = _after(pod, 500, first)

    assert first.startTime == after(5)
    assert late.stopping is not None, "its clock did not begin anew with each reconcile"


PULL = 'rpc error: code = NotFound desc = failed to pull image "x:1": x:1: not found'


def test_a_kubelets_two_words_for_a_pull_change_the_status_once() -> None:
    first = _world(waiting_for(POD, "ErrImagePull", PULL)).plan(after(5)).status
    assert first is not None
    stuck = first.stages[0]
    assert (stuck.reason, stuck.message) == ("ErrImagePull", "x:1: not found")

    backs_off = waiting_for(POD, "ImagePullBackOff", f'Back-off pulling image "x:1": {PULL}')
    for pod in (backs_off, waiting_for(POD, "ImagePullBackOff", 'Back-off pulling image "x:1"')):
        assert _after(pod, 6, stuck) == stuck


FAILED_START = "attempt 1: StartDeadlineExceeded: x:1: not found (ErrImagePull); not started"


def test_why_an_attempt_could_not_start_stands_until_the_next_one_has_more_to_tell() -> None:
    waits = make_status("a", attempt=2, reason="BackOff", message=FAILED_START)
    begun = World(stages=[STAGE], states=[waits]).stages_after()["a"]
    assert (begun.state, begun.reason, begun.message) == ("Starting", "PodCreating", FAILED_START)

    pod = make_pod(make_job("a", 2))
    out = begun.model_copy(update={"pod": pod.metadata.uid})
    placed = _world(waiting_for(pod, "ContainerCreating"), out).stages_after(after(3))["a"]
    assert (placed.reason, placed.message) == ("ContainerCreating", FAILED_START)
    hindered = _world(waiting_for(pod, "ErrImagePull", "no"), placed).stages_after(after(4))["a"]
    assert (hindered.reason, hindered.message) == ("ErrImagePull", "no")
    assert _world(running(pod), placed).stages_after(after(5))["a"].message == ""
