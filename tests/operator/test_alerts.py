"""Alerts with the whole operator: once, within half a minute, also over a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from stagework.settings import Settings
from stagework.wiring import ALERTS_MEMORY
from tests.support.alerts import Ears
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import CONFIG_MAPS, NODES, SCHEDULED_JOBS, Json
from tests.support.operators.results import SimulatedChecks
from tests.support.operators.setup import NAMESPACE, RELEASE_NAMESPACE, settings_document
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

SOON: Final = 30.0
"""Seconds from the situation to the word."""
BEGAN: Final = datetime(2026, 3, 1, 0, 0, 30, tzinfo=UTC)


def settings() -> Settings:
    document = settings_document(slots=1, keepJobsSeconds=60)
    document["fleet"]["machineClasses"][-1]["mayBeAway"] = True
    document["alerts"] = {
        "wellAfterSeconds": 60,
        "deferredSeconds": 600,
        "minStages": 2,
        "serviceAwaySeconds": 20,
    }
    return Settings.model_validate(document)


class House:
    """A world in which somebody hears."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ears = Ears()
        self.checks = SimulatedChecks()
        meta = {"metadata": {"name": ALERTS_MEMORY}}
        world.store.create(CONFIG_MAPS, RELEASE_NAMESPACE, meta)

    def starts(self) -> None:
        self.world.start_operator(receivers=self.ears, checks=self.checks)

    async def hears(self, word: str, seconds: float = SOON) -> None:
        await self.world.until(lambda: word in str(self.ears.titles), seconds=seconds)

    def apply(self, run: str, **stage: Any) -> None:
        fields: Json = {"name": "good", "image": "x", "runsOn": ["gpu"], "retries": 0}
        self.world.apply(run, [{**fields, **stage}])


def play(story: Callable[[House], Awaitable[None]]) -> None:
    timescale = VirtualTime(BEGAN)

    def behave(pod: Json) -> Behaviour:
        is_bad = pod["metadata"]["labels"]["stagework.dev/stage"] == "bad"
        return Behaviour(seconds=1.0 if is_bad else 200.0, exit_code=1 if is_bad else 0)

    async def main() -> None:
        async with World(timescale, behave=behave, of=settings(), machines=1) as world:
            house = House(world)
            house.starts()
            await story(house)

    timescale.run(main())


def at_once(_pod: Json) -> Behaviour:
    return Behaviour(seconds=1.0)


def title(words: str) -> str:
    return f"stagework in {RELEASE_NAMESPACE}: {words}"


def test_failures_are_told_once_though_the_operator_restarts_and_once_when_they_are_cured() -> None:
    async def story(house: House) -> None:
        world = house.world
        for name in ("bad-1", "bad-2"):
            house.apply(name, name="bad")
        await world.until(lambda: world.summary("bad-2") == "StageFailed", seconds=100)
        await house.hears("too many stages fail: bad")

        await world.operators[-1].kill()
        world.run_out_lease()
        house.starts()
        await asyncio.sleep(300)
        assert house.ears.titles == [title("too many stages fail: bad")]

        world.simulator.kubelets.behave = at_once
        for name in ("bad-1", "bad-2"):
            world.ask(f"again-{name}", "Retry", "bad", of=name)
        await house.hears("well again", seconds=200)
        await asyncio.sleep(300)
        assert house.ears.titles[1:] == [title("well again: too many stages fail: bad")]

    play(story)


async def lose_an_attempt(world: World) -> None:
    """Of a run that is there, on a node that an administrator then gives up."""
    await world.until(lambda: world.stage("lost", "good").get("state") == "Running")
    node = world.stage("lost", "good")["node"]
    world.simulator.set_ready(node, ready=False)
    await world.until(lambda: world.stage("lost", "good").get("reason") == "NodeLost", seconds=90)
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    (key,) = (n.key for n in world.store.list(NODES) if n.meta["name"] == node)
    world.store.patch(NODES, *key, {"spec": {"taints": [taint]}})
    await world.until(lambda: world.stage("lost", "good").get("attempt") == 2, seconds=70)


def test_an_orphan_is_told_of_within_half_a_minute_of_its_recovery() -> None:
    async def story(house: House) -> None:
        house.apply("lost")
        await lose_an_attempt(house.world)
        await house.hears(f"stages have lost their process: {NAMESPACE}")
        assert "lost good (attempt 1)" in house.ears.heard[0].text

    play(story)


def test_an_orphan_is_well_again_after_its_hour_though_its_run_has_ended_long_before() -> None:
    async def story(house: House) -> None:
        world = house.world
        house.apply("lost")
        await lose_an_attempt(world)
        world.simulator.set_ready("gpu-1", ready=True)
        (key,) = (n.key for n in world.store.list(NODES) if n.meta["name"] == "gpu-1")
        world.store.patch(NODES, *key, {"spec": {"taints": []}})
        await world.until(lambda: world.summary("lost") == "Completed", seconds=600)
        await asyncio.sleep(1800)
        said = title(f"stages have lost their process: {NAMESPACE}")
        assert house.ears.titles == [said]
        await house.hears("well again", seconds=3600)

    play(story)


def test_a_store_that_is_away_is_told_of_and_stops_no_stage() -> None:
    async def story(house: House) -> None:
        await asyncio.sleep(60)
        house.checks.reachable = False
        house.ears.deaf = True
        house.apply("run")
        await house.world.until(lambda: house.ears.asked > 1, seconds=60)
        await house.world.until(lambda: house.world.summary("run") == "Completed", seconds=300)
        house.ears.deaf = False
        await house.hears("a store is away: api-service", seconds=400)

    play(story)


def test_stages_that_wait_for_a_laptop_are_told_of_after_a_while() -> None:
    async def story(house: House) -> None:
        house.world.simulator.set_ready("macbook-1", ready=False)
        house.apply("night", runsOn=["macbook"])
        await asyncio.sleep(590)
        assert house.ears.titles == []
        await house.hears("stages are deferred for too long: macbook")

    play(story)


def test_a_slot_that_passed_while_nobody_led_is_told_of() -> None:
    async def story(house: House) -> None:
        stage: Json = {"name": "a", "image": "x", "runsOn": ["gpu"]}
        spec = {
            "schedule": {"cron": "*/5 * * * *"},
            "misfireGraceSeconds": 60,
            "template": {"pipelineJob": {"stages": [stage]}},
        }
        body = {"metadata": {"name": "often"}, "spec": spec}
        house.world.store.create(SCHEDULED_JOBS, NAMESPACE, body)
        await asyncio.sleep(30)
        await house.world.operators[-1].stop()
        await asyncio.sleep(600)
        house.starts()
        await house.hears(f"slots of schedules were missed: {NAMESPACE}", seconds=60)
        assert house.ears.heard[0].text.startswith("often; ")

    play(story)
