"""What is believed of the end of a Pod, on the real engine: nothing without a proof."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import NODES, PODS, Json
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Story = Callable[[World], Awaitable[None]]


def _stage(name: str = "a", **changes: Any) -> Json:
    fields = {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, "backoffSeconds": 0}
    return {**fields, **changes}


def _lives(_pod: Json) -> Behaviour:
    return Behaviour(seconds=400.0, stop_seconds=28.0)


def _tell(story: Story, *, machines: int = 1) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=_lives, machines=machines) as world:
            world.start_operator()
            world.apply("one", [_stage()])
            await world.until(lambda: _state(world) == "Running")
            await story(world)
            world.check_invariants()

    timescale.run(main())


def _state(world: World) -> str:
    return str(world.stage("one", "a").get("state", ""))


def _remove_by_force(world: World) -> None:
    """`kubectl delete pod --force`: the object goes at once."""
    pod = world.store.list(PODS)[0]
    world.store.delete(PODS, *pod.key, {"gracePeriodSeconds": 0})
    if pod.key in world.store.tables[PODS].objects:
        world.store.patch(PODS, *pod.key, {"metadata": {"finalizers": None}})


def test_a_pod_whose_label_was_taken_off_is_not_gone() -> None:
    async def story(world: World) -> None:
        pod = world.store.list(PODS)[0]
        label: Json = {"labels": {"stagework.dev/run-uid": None}}
        world.store.patch(PODS, *pod.key, {"metadata": label})
        await asyncio.sleep(300)
        assert _state(world) == "Running"
        await world.until(lambda: world.summary("one") == "Completed", seconds=200)
        assert len(world.invariants.runs) == 1

    _tell(story)


@pytest.mark.parametrize("cordoned", [False, True], ids=["open", "cordoned"])
def test_a_node_that_was_away_meanwhile_has_the_whole_grace_again(*, cordoned: bool) -> None:
    async def story(world: World) -> None:
        node = str(world.stage("one", "a")["node"])
        if cordoned:
            world.store.patch(NODES, "", node, {"spec": {"unschedulable": True}})
        await asyncio.sleep(2)
        _remove_by_force(world)
        await asyncio.sleep(10)
        world.simulator.set_ready(node, ready=False)
        await asyncio.sleep(60)
        world.simulator.set_ready(node, ready=True)
        await asyncio.sleep(85)
        assert world.stage("one", "a").get("attempt", 1) == 1
        await world.until(lambda: world.stage("one", "a")["attempt"] == 2, seconds=60)

    _tell(story, machines=2)


def test_a_skipped_stage_is_retried_only_once_its_old_process_has_ended() -> None:
    async def story(world: World) -> None:
        world.simulator.set_ready("gpu-1", ready=False)
        await asyncio.sleep(5)
        _remove_by_force(world)
        await asyncio.sleep(10)
        world.simulator.add_node("gpu-9", {"stagework.dev/machine": "gpu"})
        world.ask("skip", "Skip", "a", of="one")
        await world.until(lambda: _state(world) == "Skipped")
        world.ask("retry", "Retry", "a", of="one")
        await asyncio.sleep(60)
        assert world.stage("one", "a")["reason"] == "PodLost"
        world.simulator.set_ready("gpu-1", ready=True)
        await world.until(lambda: world.stage("one", "a").get("attempt") == 2, seconds=200)

    _tell(story)


def test_what_else_runs_in_the_pod_of_a_failed_stage_is_ended() -> None:
    async def story(world: World) -> None:
        pod, now = world.store.list(PODS)[0], world.store.now()
        ended = {"exitCode": 1, "reason": "Error", "startedAt": now, "finishedAt": now}
        states = [
            {"name": "stage", "state": {"terminated": ended}},
            {"name": "proxy", "state": {"running": {"startedAt": now}}},
        ]
        world.store.patch(PODS, *pod.key, {"status": {"containerStatuses": states}})
        await world.until(lambda: world.summary("one") == "StageFailed")

        def is_ended() -> bool:
            found = world.store.tables[PODS].objects.get(pod.key)
            return found is None or "deletionTimestamp" in found.meta

        await world.until(is_ended, seconds=60)

    _tell(story)
