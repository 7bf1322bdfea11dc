"""A node's clock is an hour or two off: nothing times out for it, and nothing waits longer."""

from datetime import UTC, datetime

import msgspec
import pytest

from stagework.api.observed import PodView
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.accept import PIPELINE_GRACE
from stagework.plans.plan import Delete
from tests.support.builders import (
    T0,
    World,
    after,
    deleting,
    make_job,
    make_pod,
    make_run,
    make_stage,
    make_status,
    mark,
    running,
    terminated,
)

HOUR = 3600.0
OFF = pytest.mark.parametrize("off", [-2 * HOUR, 2 * HOUR], ids=["behind", "ahead"])
JOB = make_job("a")
POD = make_pod(JOB)
UID = POD.metadata.uid
STARTING = make_status(
    "a", "Starting", job=JOB.metadata.name, pod=UID, machine="gpu", node="gpu-0", turnTime=after(5)
)
RUNS = STARTING.model_copy(update={"state": "Running", "startTime": after(10)})
STAGE = make_stage("a", timeoutSeconds=3600, backoffSeconds=10, retries=3)


def _world(pod: PodView, state: StageStatus = RUNS) -> World:
    return World(stages=[STAGE], states=[state], jobs=[JOB], pods=[pod])


def _ended(off: float, code: int = 1, **changes: str) -> PodView:
    """It ran from 10 to 20, by a clock that is so far off."""
    return terminated(POD, code, started=after(10 + off), finished=after(20 + off), **changes)


@OFF
def test_a_stage_has_its_whole_timeout(off: float) -> None:
    plan = _world(running(POD, since=after(10 + off)), STARTING).plan(after(12))

    assert plan.status is not None
    (stage,) = plan.status.stages
    assert (stage.state, stage.stopping) == ("Running", None)
    began = 5 if off < 0 else 12
    assert stage.startTime == after(began), "between its turn and now"
    assert plan.wake_at == after(began + HOUR)


@OFF
def test_its_start_is_noted_once(off: float) -> None:
    seen = _world(running(POD, since=after(10 + off))).plan(after(1800))

    assert seen.status is not None
    assert seen.status.stages[0].startTime == after(10)
    assert seen.wake_at == after(10 + HOUR)


def test_where_no_turn_is_on_record_its_time_counts_from_when_the_pod_was_made() -> None:
    pod = running(make_pod(JOB, created=after(3)), since=after(-HOUR))
    chosen = make_status("a", "Starting", pod=pod.metadata.uid, machine="gpu")

    assert _world(pod, chosen).stages_after(after(30))["a"].startTime == after(3)


@OFF
def test_the_back_off_counts_from_when_the_end_was_seen(off: float) -> None:
    failed = _world(_ended(off)).stages_after(after(21))["a"]
    interrupted = _world(deleting(_ended(off, 143))).stages_after(after(21))["a"]
    text = mark(POD, "Deferred", reason="EndpointUnavailable")
    deferred = _world(_ended(off, 0, message=text)).stages_after(after(21))["a"]

    assert failed.notBeforeTime == after(31)
    assert interrupted.notBeforeTime == after(22)
    assert deferred.notBeforeTime == after(81)


@OFF
@pytest.mark.parametrize(
    ("state", "wanted"), [(STARTING, (5, 21)), (RUNS, (10, 21))], ids=["never seen", "seen"]
)
def test_what_is_stored_lies_between_the_turn_and_now(
    off: float, state: StageStatus, wanted: tuple[float, float]
) -> None:
    done = _world(_ended(off, 0, message=mark(POD)), state).stages_after(after(21))["a"]

    earliest, latest = (after(moment) for moment in wanted)
    assert done.state == "Succeeded"
    assert done.startTime is not None
    assert done.completionTime is not None
    assert earliest <= done.startTime <= done.completionTime <= latest


ZEROS = ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]


@pytest.mark.parametrize("zero", [datetime.fromisoformat(zero) for zero in ZEROS], ids=ZEROS)
def test_the_zero_time_is_no_time(zero: datetime) -> None:
    runs = _world(running(POD, since=zero), STARTING).stages_after(after(12))["a"]
    assert (runs.startTime, runs.stopping) == (after(12), None)

    pod = terminated(POD, 128, reason="StartError", started=zero, finished=zero)
    failed = _world(pod, STARTING).stages_after(after(12))["a"]
    assert (failed.startTime, failed.completionTime) == (None, after(12))

    report = pod.status.container_statuses[0].state.terminated
    assert report is not None
    assert (report.started_at, report.finished_at) == (None, None)


@OFF
def test_a_sidecar_is_left_its_time_by_our_clock(off: float) -> None:
    """Of a committed stage we know when it ended; of an earlier attempt only the node says so."""
    pod = _with_sidecar(_ended(off, 0, message=mark(POD)))
    done = make_status("a", "Succeeded", completionTime=after(20))

    assert not _world(pod, done).plan(after(49)).actions
    assert isinstance(_world(pod, done).plan(after(50)).actions[0], Delete)


LAST_YEAR = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - after(20)).total_seconds()


@pytest.mark.parametrize("ahead", [2 * HOUR, LAST_YEAR], ids=["two hours", "in the year 9999"])
def test_the_sidecar_of_an_earlier_attempt_is_not_kept_for_hours(ahead: float) -> None:
    pod = _with_sidecar(_ended(ahead, 1))
    again = make_status("a", attempt=2)

    deleted = [a for a in _world(pod, again).plan(after(21)).actions if isinstance(a, Delete)]
    assert [action.target.uid for action in deleted] == [UID]


def _with_sidecar(pod: PodView) -> PodView:
    return msgspec.structs.replace(pod, status=msgspec.structs.replace(pod.status, phase="Running"))


def test_a_missing_pipeline_is_waited_for_from_when_it_was_missed() -> None:
    """The API server's clock, which has written when the run was made, is an hour ahead."""
    world = World(run=make_run(pipeline="p", created=after(HOUR)))
    first = world.plan(T0)
    assert first.status is not None
    assert first.wake_at == T0 + PIPELINE_GRACE

    later = world.but(run=world.the_run().model_copy(update={"status": first.status}))
    assert later.plan(after(59)).wake_at == T0 + PIPELINE_GRACE
    stalled = later.plan(after(60)).status
    assert stalled is not None
    assert {c.type: c.status for c in stalled.conditions}["Stalled"] == "True"
