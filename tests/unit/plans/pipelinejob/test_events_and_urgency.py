"""What is told once, and what must be written at once."""

from datetime import datetime
from typing import Any

import pytest

from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import RunPlan
from tests.support.builders import (
    T0,
    World,
    after,
    deleting,
    make_job,
    make_pod,
    make_stage,
    make_status,
    mark,
    running,
    scheduled,
    terminated,
)

JOB = make_job("a")
POD = make_pod(JOB)
RUNS = make_status(
    "a", "Running", pod=POD.metadata.uid, node="gpu-0", machine="gpu", startTime=T0, turnTime=T0
)


def _world(state: StageStatus, **changes: Any) -> World:
    return World(stages=[make_stage("a")], states=[state], jobs=[JOB], **changes)


def _told(plan: RunPlan) -> list[str]:
    return [event.reason for event in plan.events]


def _stored(world: World, plan: RunPlan) -> World:
    """The same world with the plan's status stored."""
    assert plan.status is not None
    return world.but(run=world.the_run().model_copy(update={"status": plan.status}))


def test_a_start_is_said_once() -> None:
    state = make_status("a", "Starting", turnTime=T0, pod=POD.metadata.uid, machine="gpu")
    world = _world(state, pods=[running(POD)])
    plan = world.plan()

    assert _told(plan) == ["StageStarted"]
    assert plan.events[0].message == "stage a, attempt 1, on gpu (gpu-0)"
    assert _told(_stored(world, plan).plan(after(1))) == []


def test_an_end_is_said_once() -> None:
    world = _world(RUNS, pods=[terminated(POD, message=mark(POD))])
    plan = world.plan()

    assert _told(plan) == ["Completed"]
    assert plan.events[0].message == "1 stage succeeded"
    assert _told(_stored(world, plan).plan(after(1))) == []


def test_a_failed_run_says_what_to_do_next() -> None:
    state = RUNS.model_copy(update={"failures": 2})

    plan = _world(state, pods=[terminated(POD, 1)]).plan()

    assert _told(plan) == ["StageFailed", "Failed"]
    assert {event.type for event in plan.events} == {"Warning"}
    assert plan.events[1].message == (
        "failed: a; next: stagework logs ad-3b87 a -n ads (read its log; then retry, or mend the"
        " program and make a new run)"
    )


def test_an_interruption_is_said() -> None:
    plan = _world(RUNS, pods=[deleting(terminated(POD, 143))]).plan()

    assert _told(plan) == ["StageInterrupted"]


@pytest.mark.parametrize(
    ("state", "changes", "urgent"),
    [
        pytest.param(RUNS, {"pods": [terminated(POD, message=mark(POD))]}, True, id="a commit"),
        pytest.param(RUNS, {"pods": [terminated(POD, 1)]}, True, id="a new attempt"),
        pytest.param(
            RUNS.model_copy(update={"startTime": after(-600)}),
            {"pods": [running(POD, since=after(-600))]},
            True,
            id="a verdict",
        ),
        pytest.param(
            make_status("a"), {"status": {"observedGeneration": 0}}, True, id="a changed spec"
        ),
        pytest.param(
            make_status("a", "Starting", turnTime=T0), {"pods": [running(POD)]}, False, id="it runs"
        ),
        pytest.param(
            make_status("a", "Starting", turnTime=T0),
            {"pods": [scheduled(POD)]},
            False,
            id="a node",
        ),
        pytest.param(make_status("a"), {"nodes": []}, False, id="a wait"),
    ],
)
def test_what_decides_is_written_at_once_and_the_rest_may_wait(
    state: StageStatus, changes: dict[str, Any], *, urgent: bool
) -> None:
    status = {"summary": "Running", **changes.get("status", {})}
    plan = _world(state, **{**changes, "status": status}).plan()

    assert plan.status is not None
    assert plan.urgent is urgent


def test_what_has_not_changed_is_not_written() -> None:
    world = _world(RUNS, pods=[running(POD)])
    stored = _stored(world, world.plan())

    assert stored.plan(after(1)).status is None
    assert stored.plan(after(1)).urgent is False


@pytest.mark.parametrize(
    ("since", "again"), [(after(-600), True), (T0, False)], ids=["a verdict", "it runs"]
)
def test_a_recorded_verdict_is_acted_upon_as_soon_as_it_is_stored(
    since: datetime, *, again: bool
) -> None:
    """Nothing else would wake the run: its Pod goes on as before."""
    state = RUNS.model_copy(update={"startTime": since})

    assert _world(state, pods=[running(POD, since=since)]).plan().again_once_stored is again
