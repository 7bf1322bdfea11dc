"""What nodes and people claim of times freezes nothing, overflows nothing and holds no slot long.

The years 1 and 9999, also in the time zones that lead out of the calendar.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from stagework.api.base import format_time
from stagework.api.kinds import PIPELINEJOB
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import (
    T0,
    World,
    after,
    deleted,
    make_job,
    make_pod,
    make_run,
    make_stage,
    make_status,
    running,
    terminated,
)

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
BEYOND = LAST.replace(tzinfo=timezone(-timedelta(hours=23)))
BEFORE = FIRST.replace(tzinfo=timezone(timedelta(hours=23)))
CLAIMS = [LAST, FIRST, BEYOND, BEFORE]
JOB = make_job("a")
POD = make_pod(JOB)
STAGE = make_stage("a", retries=0)
RUNS = make_status(
    "a",
    "Running",
    pod=POD.metadata.uid,
    job=JOB.metadata.name,
    jobUid=JOB.metadata.uid,
    machine="gpu",
    turnTime=T0,
    startTime=T0,
)
FIELDS = (
    "turnTime",
    "recreatedTime",
    "waitingSince",
    "lostTime",
    "startTime",
    "completionTime",
    "notBeforeTime",
)


def _world(state: StageStatus, **changes: Any) -> World:
    return World(stages=[STAGE], states=[state], **changes)


def _written(world: World, seconds: float) -> World:
    """As it is stored after a plan, its status as people and the API server read it."""
    status = world.plan(after(seconds)).status or world.the_run().status
    stored = type(status).model_validate_json(status.model_dump_json())
    return world.but(run=world.the_run().model_copy(update={"status": stored}))


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("state", ["Waiting", "Starting", "Stuck", "Running"])
def test_no_time_on_record_overflows_or_is_ahead_for_long(
    field: str, claim: datetime, state: Any
) -> None:
    status = RUNS.evolve(state=state)
    status = StageStatus.model_validate({**status.model_dump(), field: claim})
    if state == "Waiting":
        status = status.evolve(pod="", job="", jobUid="")

    world = _written(_world(status, jobs=[JOB], pods=[POD]), 10)

    (stage,) = world.the_run().status.stages
    for name in FIELDS:
        moment = getattr(stage, name)
        assert moment is None or moment <= after(10) + timedelta(hours=1), name
    for seconds in (20, 2000, 4000):
        world = _written(world, seconds)


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_was_put_off_until_the_end_of_time_goes_on(claim: datetime) -> None:
    """After the longest time that it is ever put off."""
    status = StageStatus.model_validate({"name": "a", "reason": "BackOff", "notBeforeTime": claim})
    world = _written(_world(status.evolve(attempt=2)), 0)

    (stage,) = _written(world, 901).the_run().status.stages

    assert stage.state == "Starting"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_container_that_started_whenever_is_stopped_after_its_time(claim: datetime) -> None:
    began = RUNS.evolve(state="Starting", startTime=None)
    world = _written(_world(began, jobs=[JOB], pods=[running(POD, since=claim)]), 10)

    late = _written(world, 10 + STAGE.timeoutSeconds)

    (stage,) = late.the_run().status.stages
    assert stage.stopping is not None
    assert stage.stopping.reason == "TimedOut"


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_end_of_a_container_is_said_between_its_start_and_now(claim: datetime) -> None:
    pod = terminated(POD, 1, started=claim, finished=claim)
    world = _written(_world(RUNS, jobs=[JOB], pods=[pod]), 10)

    (stage,) = world.the_run().status.stages

    assert stage.state == "Failed"
    assert stage.completionTime is not None
    assert T0 <= stage.completionTime <= after(10)
    assert run_status(world.the_run(), [stage], [], after(10)).duration != ""


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_run_that_ended_whenever_goes_with_its_time_to_live(claim: datetime) -> None:
    done = make_status("a", "Succeeded", commit={"attempt": 1, "pod": "p"})
    world = World(
        stages=[STAGE],
        states=[done],
        status={"completionTime": claim},
        spec={"ttlSecondsAfterFinished": 60},
    )

    assert len(deleted(_written(world, 0).plan(after(61)), PIPELINEJOB.resource)) == 1


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("seconds", [0, 2**53])
def test_the_clock_of_a_run_counts_no_more_than_it_may(claim: datetime, seconds: int) -> None:
    state = make_status("a", reason="Queued")
    clock = {"activeSince": claim, "activeSeconds": seconds}
    world = World(stages=[STAGE], states=[state], status=clock, spec={"activeDeadlineSeconds": 100})

    _written(_written(world, 0), 200)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_moment_can_be_written(claim: datetime) -> None:
    assert len(format_time(claim)) == len("2026-01-01T00:00:00Z")


def test_an_exit_code_that_no_status_may_hold_is_bounded() -> None:
    world = _written(_world(RUNS, jobs=[JOB], pods=[terminated(POD, -(2**31))]), 10)

    (stage,) = world.the_run().status.stages

    assert stage.exitCode == -1_000_000


def test_nobody_asks_a_run_that_was_not_accepted_for_its_times() -> None:
    assert _written(World(run=make_run(STAGE)), 0).the_run().status.stages
