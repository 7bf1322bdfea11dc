"""Machines come and go under the whole operator: nothing is lost, hangs for ever or runs twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from stagework.settings import Settings
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import NODES, PODS, Json, part
from tests.support.operators.setup import NAMESPACE, settings_document
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Story = Callable[[World], Awaitable[None]]


def _stage(name: str = "a", **changes: Any) -> Json:
    fields = {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, "timeoutSeconds": 86400}
    return {**fields, **changes}


def _behave(pod: Json) -> Behaviour:
    """A second attempt is done in no time."""
    again = part(pod, "metadata", "labels")["stagework.dev/attempt"] != "1"
    return Behaviour(seconds=0.5 if again else 200.0, stop_seconds=5.0)


def _endless(_pod: Json) -> Behaviour:
    return Behaviour(seconds=1e6, stop_seconds=5.0)


def _settings(wake_url: str = "") -> Settings:
    """The laptop may be away."""
    document = settings_document(slots=1)
    laptop = document["fleet"]["machineClasses"][-1]
    laptop["mayBeAway"] = True
    if wake_url:
        laptop["wakeHook"] = {"url": wake_url}
    return Settings.model_validate(document)


def _play(story: Story, machines: int = 1, *, overlaps: bool = False) -> None:
    """`overlaps`: a person has asked for a second attempt while the first may run."""
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=_behave, of=_settings(), machines=machines) as world:
            world.start_operator()
            await story(world)
            if overlaps:
                world.check_commits()
            else:
                world.check_invariants()

    timescale.run(main())


def _state(world: World, run: str = "one", stage: str = "a") -> tuple[str, str]:
    found = world.stage(run, stage)
    return found.get("state", ""), found.get("reason", "")


def test_a_lid_is_closed_for_an_hour_over_one_that_runs_and_three_that_wait() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage(runsOn=["macbook"], timeoutSeconds=300)])
        await world.until(lambda: _state(world)[0] == "Running")
        for name in ("two", "three", "four"):
            world.apply(name, [_stage(runsOn=["macbook"], timeoutSeconds=300)])
        world.simulator.set_ready("macbook-1", ready=False)
        await world.until(lambda: _state(world) == ("Away", "MachineAway"))
        await world.until(lambda: _state(world, "four") == ("Deferred", "MachineAway"))
        assert world.summary("four") == "Deferred"
        await asyncio.sleep(3600)
        world.simulator.set_ready("macbook-1", ready=True)
        for name in ("one", "two", "three", "four"):
            await world.until(lambda name=name: world.summary(name) == "Completed", seconds=1000)
            assert world.stage(name, "a")["attempt"] == 1
            assert "failures" not in world.stage(name, "a")

    _play(story)


def test_a_laptop_that_is_away_is_asked_to_wake_once_for_all_that_waits() -> None:
    timescale, asked = VirtualTime(), list[Json]()

    async def bridge(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.Response(status=204)

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/wake", bridge)
        async with TestServer(app) as server:
            settings = _settings(str(server.make_url("/wake")))
            async with World(timescale, behave=_behave, of=settings) as world:
                world.simulator.set_ready("macbook-1", ready=False)
                world.start_operator()
                for name in ("one", "two", "three"):
                    world.apply(name, [_stage(runsOn=["macbook"])])
                for name in ("one", "two", "three"):
                    await world.until(
                        lambda name=name: ": HTTP 204" in world.stage(name, "a").get("message", "")
                    )
                await asyncio.sleep(3600)

    timescale.run(main())
    assert asked == [{"machine": "macbook"}]


def test_a_node_that_is_lost_for_a_while_has_done_no_harm() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        world.simulator.set_ready("gpu-1", ready=False)
        await world.until(lambda: _state(world) == ("Running", "NodeLost"), seconds=90)
        await asyncio.sleep(100)
        world.simulator.set_ready("gpu-1", ready=True)
        await world.until(lambda: world.summary("one") == "Completed", seconds=300)
        assert world.stage("one", "a")["attempt"] == 1

    _play(story)


def test_a_node_that_stays_away_fails_its_stage_after_half_an_hour_and_begins_nothing() -> None:
    async def story(world: World) -> None:
        world.simulator.kubelets.behave = _endless
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        world.simulator.set_ready("gpu-1", ready=False)
        await world.until(lambda: world.summary("one") == "StageFailed", seconds=2000)
        assert _state(world) == ("Failed", "Orphaned")
        assert world.stage("one", "a")["attempt"] == 1

    _play(story)


def test_the_word_of_an_administrator_brings_another_attempt_within_the_minute() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        node = world.stage("one", "a")["node"]
        world.simulator.set_ready(node, ready=False)
        await world.until(lambda: _state(world)[1] == "NodeLost", seconds=90)
        taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
        world.store.patch(NODES, *_key_of(world, node), {"spec": {"taints": [taint]}})
        await world.until(lambda: world.stage("one", "a").get("attempt") == 2, seconds=70)

    _play(story, machines=2)


def _key_of(world: World, node: str) -> tuple[str, str]:
    return next(stored.key for stored in world.store.list(NODES) if stored.key[1] == node)


def test_a_pod_that_is_removed_by_force_is_followed_by_one_attempt() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        (pod,) = world.store.list(PODS, NAMESPACE)
        world.store.delete(PODS, *pod.key, {"gracePeriodSeconds": 0})
        await world.until(lambda: world.summary("one") == "Completed", seconds=300)
        stage = world.stage("one", "a")
        assert (stage["attempt"], "failures" in stage) == (2, False)

    _play(story)


def test_an_operator_that_was_away_while_a_node_was_lost_counts_anew() -> None:
    async def story(world: World) -> None:
        world.simulator.kubelets.behave = _endless
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        world.simulator.set_ready("gpu-1", ready=False)
        await world.until(lambda: _state(world)[1] == "NodeLost", seconds=90)
        await world.operators[0].stop()
        await asyncio.sleep(3600)
        world.start_operator()
        await asyncio.sleep(1700)
        assert _state(world) == ("Running", "NodeLost")
        await world.until(lambda: _state(world) == ("Failed", "Orphaned"), seconds=200)

    _play(story)


def test_a_person_recovers_what_is_lost_and_retries_it_elsewhere() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage()])
        await world.until(lambda: _state(world)[0] == "Running")
        world.simulator.set_ready(world.stage("one", "a")["node"], ready=False)
        await world.until(lambda: _state(world)[1] == "NodeLost", seconds=90)
        await asyncio.sleep(70)
        world.ask("lost", "Recover", of="one", timeoutSeconds=60)
        await world.until(lambda: _state(world) == ("Failed", "Orphaned"), seconds=60)
        world.ask("again", "Retry", of="one")
        await world.until(lambda: world.stage("one", "a").get("attempt") == 2, seconds=60)

    _play(story, machines=2, overlaps=True)
