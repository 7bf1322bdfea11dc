"""Numbers in a status that somebody has set by hand: no plan takes longer or more memory for it."""

import tracemalloc

import pytest

from stagework.api.base import COUNT_MAX
from stagework.api.stage_status import StageState
from tests.support.builders import (
    T0,
    World,
    after,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
)

MIB = 1024 * 1024
COUNTS = dict.fromkeys(("attempt", "failures", "interruptions", "deferrals", "remakes"), COUNT_MAX)


@pytest.mark.parametrize("state", ["Waiting", "Starting", "Running", "Failed", "NotRun"])
@pytest.mark.parametrize("end", ["none", "running", "failed"])
def test_the_highest_numbers_cost_no_more_than_the_lowest(state: StageState, end: str) -> None:
    job = make_job("a", attempt=COUNT_MAX)
    pod = make_pod(job)
    pods = {"none": [], "running": [running(pod)], "failed": [terminated(pod, 1)]}[end]
    status = make_status(
        "a", state, **COUNTS, pod=pod.metadata.uid, turnTime=T0, machine="gpu", node="gpu-0"
    )
    world = World(stages=[make_stage("a")], states=[status], jobs=[job], pods=pods)

    tracemalloc.start()
    try:
        plan = world.plan(after(1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * MIB
    for stage in plan.status.stages if plan.status is not None else ():
        assert type(stage).model_validate(stage.model_dump()) == stage, "it can be stored"
