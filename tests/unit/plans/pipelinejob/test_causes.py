"""Why a stage whose turn has come does not start, where only Events say it; and who gives way."""

from typing import Any

import pytest

from stagework.api.resources import JOBS
from stagework.plans.pipelinejob.causes import SHORT
from stagework.plans.pipelinejob.snapshot import CauseQuestion, CauseRead, RunPlan
from tests.support.builders import (
    T0,
    World,
    after,
    created,
    deleted,
    ended_job,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
    scheduled,
    terminated,
    ungated,
    waiting_for,
)

JOB = make_job("a", created=T0)
POD = make_pod(JOB)
FULL = "exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2"
COUNTED = "exceeded quota: few, used: count/jobs.batch=2, limited: count/jobs.batch=2"
STARTING = make_status(
    "a", "Starting", machine="gpu", turnTime=T0, job=JOB.metadata.name, jobUid=JOB.metadata.uid
)
OF_JOB = CauseQuestion(JOB.metadata.uid)
OUT = ungated(POD, "gpu")
CHOSEN = STARTING.evolve(pod=POD.metadata.uid)
OF_POD = CauseQuestion(POD.metadata.uid)


def without_pod(**changes: Any) -> World:
    fields: dict[str, Any] = {
        "stages": [make_stage("a")],
        "states": [STARTING],
        "jobs": [JOB],
    }
    return World(**{**fields, **changes})


def asked(plan: RunPlan) -> list[CauseQuestion]:
    return [question for question in plan.questions if isinstance(question, CauseQuestion)]


def said(message: str = FULL, reason: str = "FailedCreate", at: float = 12) -> CauseRead:
    return CauseRead(reason, message, after(at))


# When it is asked for.


@pytest.mark.parametrize(("seconds", "wanted"), [(0, []), (9, []), (10, [OF_JOB]), (19, [OF_JOB])])
def test_a_stage_without_a_pod_is_asked_about_once_it_has_been_starting_for_ten_seconds(
    seconds: int, wanted: list[CauseQuestion]
) -> None:
    plan = without_pod().plan(after(seconds))
    assert asked(plan) == wanted
    if not wanted:
        assert plan.wake_at == after(10)


@pytest.mark.parametrize("hours", [-1, 1])
def test_its_time_is_its_own_also_where_the_api_servers_clock_is_wrong(hours: int) -> None:
    young = make_job("a", uid="job-young", created=after(50 + 3600 * hours))
    state = STARTING.evolve(jobUid=young.metadata.uid, recreatedTime=after(50))
    world = without_pod(states=[state], jobs=[young])
    assert asked(world.plan(after(59))) == []
    assert deleted(world.plan(after(69)), JOBS) == []
    again = world.plan(after(70))
    assert deleted(again, JOBS) == [young.metadata.uid]
    assert again.status is not None
    assert again.status.stages[0].recreatedTime == after(70)


def test_a_job_that_was_made_anew_has_ten_seconds_of_its_own() -> None:
    young = make_job("a", uid="job-young", created=after(50))
    state = STARTING.evolve(jobUid=young.metadata.uid, recreatedTime=after(50))
    world = without_pod(states=[state], jobs=[young])
    assert asked(world.plan(after(59))) == []
    assert asked(world.plan(after(60))) == [CauseQuestion(young.metadata.uid)]


def test_what_is_known_is_asked_again_after_half_a_minute() -> None:
    world = without_pod(causes={OF_JOB: said(at=12)}, stages=[make_stage("a")])
    assert asked(world.plan(after(19))) == []
    pod = scheduled(OUT, "gpu-0")
    out = World(
        stages=[make_stage("a")],
        states=[CHOSEN],
        jobs=[JOB],
        pods=[pod],
        causes={OF_POD: said("volume x is not there", "FailedMount", at=12)},
    )
    assert asked(out.plan(after(41))) == []
    assert asked(out.plan(after(42))) == [OF_POD]


def test_nobody_asks_about_what_says_its_cause_itself_or_runs() -> None:
    pods = (
        waiting_for(OUT, "ImagePullBackOff", "no such image", "gpu-0"),
        running(OUT),
        terminated(OUT, 1),
    )
    for pod in pods:
        world = World(stages=[make_stage("a")], states=[CHOSEN], jobs=[JOB], pods=[pod])
        assert asked(world.plan(after(30))) == []


def test_a_stage_that_waits_for_its_turn_is_not_asked_about() -> None:
    world = without_pod(states=[make_status("a", reason="Queued")], nodes=[])
    assert asked(world.plan(after(60))) == []


# What is said of it.


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (FULL, "QuotaExceeded"),
        ('violates PodSecurity "restricted:latest": host ports', "PodRefused"),
        ("minimum memory usage per Container is 1Gi, but request is 64Mi", "PodRefused"),
    ],
)
def test_what_the_job_controller_was_refused_is_said_of_the_stage(
    message: str, reason: str
) -> None:
    stage = without_pod(causes={OF_JOB: said(message)}).stages_after(after(13))["a"]
    assert (stage.state, stage.reason, stage.message) == ("Starting", reason, message)


def test_it_is_stuck_with_that_cause_after_its_grace() -> None:
    young = make_job("a", uid="job-young", created=after(25))
    state = STARTING.evolve(jobUid=young.metadata.uid)
    causes = {CauseQuestion(young.metadata.uid): said()}
    stage = without_pod(states=[state], jobs=[young], causes=causes).stages_after(after(31))["a"]
    assert (stage.state, stage.reason, stage.message) == ("Stuck", "QuotaExceeded", FULL)


def test_what_was_said_stands_while_the_job_is_made_anew() -> None:
    state = STARTING.evolve(reason="QuotaExceeded", message=FULL)
    for world in (without_pod(states=[state]), without_pod(states=[state], jobs=[])):
        stage = world.stages_after(after(5))["a"]
        assert (stage.reason, stage.message) == ("QuotaExceeded", FULL)


def test_what_was_said_goes_when_events_warn_of_it_no_more() -> None:
    state = STARTING.evolve(reason="QuotaExceeded", message=FULL)
    stage = without_pod(states=[state], causes={OF_JOB: said("", "")}).stages_after(after(13))["a"]
    assert (stage.reason, stage.message) == ("PodCreating", "")


def test_what_was_refused_an_attempt_ago_is_not_said_of_the_next() -> None:
    state = make_status("a", "Waiting", attempt=2, reason="QuotaExceeded", message=FULL)
    stage = World(stages=[make_stage("a")], states=[state]).stages_after(after(1))["a"]
    assert stage.reason == "PodCreating"


@pytest.mark.parametrize("state", [CHOSEN, CHOSEN.evolve(state="Stuck")])
def test_a_volume_that_is_not_mounted_is_said_and_gives_the_slot_back(state: Any) -> None:
    pod = scheduled(OUT, "gpu-0")
    told = said('MountVolume.SetUp failed for volume "v": secret "s" not found', "FailedMount", 25)
    world = World(
        stages=[make_stage("a")], states=[state], jobs=[JOB], pods=[pod], causes={OF_POD: told}
    )
    before, later = (world.stages_after(after(seconds))["a"] for seconds in (26, 31))
    assert (before.state, before.reason) == ("Starting", "FailedMount")
    assert (later.state, later.message) == ("Stuck", 'secret "s" not found (volume "v")')


def test_where_events_warn_of_nothing_a_slow_start_is_not_stuck() -> None:
    pod = scheduled(OUT, "gpu-0")
    world = World(
        stages=[make_stage("a")],
        states=[CHOSEN],
        jobs=[JOB],
        pods=[pod],
        causes={OF_POD: said("", "", 35)},
    )
    assert world.stages_after(after(40))["a"].state == "Starting"


# Who gives way to what is due.


def two(**changes: Any) -> World:
    """The first stage runs, the Pod of the second is held."""
    ahead = make_job("b")
    states = [
        CHOSEN.evolve(state="Running", startTime=T0, node="gpu-0"),
        make_status("b", job=ahead.metadata.name, jobUid=ahead.metadata.uid),
    ]
    fields: dict[str, Any] = {
        "stages": [make_stage("a"), make_stage("b")],
        "states": states,
        "jobs": [JOB, ahead],
        "pods": [running(OUT), make_pod(ahead)],
    }
    return World(**{**fields, **changes})


def test_what_is_held_ahead_stays_where_there_is_room() -> None:
    assert deleted(two().plan(after(5)), JOBS) == []


def test_what_is_held_ahead_goes_where_a_quota_refuses_what_is_due() -> None:
    world = two(shortage=FULL)
    assert deleted(world.plan(after(5)), JOBS) == [make_job("b").metadata.uid]
    assert world.stages_after(after(5))["b"].job == ""


def test_nothing_is_made_ahead_while_a_quota_refuses_what_is_due() -> None:
    bare: dict[str, Any] = {"jobs": [JOB], "pods": [running(OUT)]}
    states = [two().states[0], make_status("b")]
    assert created(two(states=states, **bare).plan(after(5))) == ["b"]
    slow = [make_stage("a", timeoutSeconds=3600), make_stage("b")]
    plan = two(stages=slow, states=states, **bare, shortage=FULL).plan(after(5))
    assert created(plan) == []
    assert plan.wake_at == after(5) + SHORT, "then it is asked again whether there is room"


def test_what_is_due_is_asked_for_all_the_same() -> None:
    world = World(stages=[make_stage("a")], states=[make_status("a")], shortage=FULL)
    assert created(world.plan(T0)) == ["a"]


def ended(**changes: Any) -> World:
    """The first stage has succeeded, its Job is still there."""
    first = make_status("a", "Succeeded", job=JOB.metadata.name, jobUid=JOB.metadata.uid)
    fields: dict[str, Any] = {
        "stages": [make_stage("a"), make_stage("b")],
        "states": [first, make_status("b")],
        "jobs": [ended_job(JOB, "Complete")],
    }
    return World(**{**fields, **changes})


@pytest.mark.parametrize(
    ("shortage", "goes"), [("", False), (FULL, False), (COUNTED, True)], ids=["no", "pods", "jobs"]
)
def test_a_finished_job_goes_only_where_a_full_quota_counts_it(
    shortage: str, *, goes: bool
) -> None:
    plan = ended(shortage=shortage).plan(after(5))
    assert (JOB.metadata.uid in deleted(plan, JOBS)) is goes


def test_a_job_whose_stage_has_no_stored_end_stays() -> None:
    world = ended(shortage=COUNTED, states=[CHOSEN, make_status("b")])
    assert deleted(world.plan(after(5)), JOBS) == []
