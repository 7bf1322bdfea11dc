"""The engine knows no kind: a second one, and a run of the same name, live side by side."""

from collections.abc import Awaitable, Callable
from typing import Any

from stagework.api.kinds import KINDS
from stagework.controllers.controller import Controller
from stagework.controllers.registry import Parts, build_controllers
from tests.support.fakeapi.resources import INTERVENTIONS, LAMPS, NODES, PIPELINE_JOBS, Json, part
from tests.support.lamps import LAMP, Lamps
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

STAGES: list[Json] = [{"name": "a", "image": "x", "runsOn": ["gpu"]}]


def controllers(parts: Parts) -> tuple[Controller[Any], ...]:
    return (*build_controllers(parts), Lamps(parts.cache))


def in_world(check: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with World(timescale, kinds=(LAMP,)) as world:
            world.start_operator(kinds=(*KINDS, LAMP), controllers=controllers)
            world.store.create(LAMPS, NAMESPACE, {"metadata": {"name": "same"}, "spec": {}})
            await world.until(lambda: lamp(world).get("shines") is True)
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


def lamp(world: World) -> Json:
    return part(world.store.get(LAMPS, NAMESPACE, "same").data, "status")


def switch(world: World, request: str, kind: str = "Lamp", name: str = "same") -> None:
    spec = {"target": {"kind": kind, "name": name}, "verb": "Switch"}
    world.store.create(INTERVENTIONS, NAMESPACE, {"metadata": {"name": request}, "spec": spec})


def answer(world: World, name: str) -> Json:
    return part(world.store.get(INTERVENTIONS, NAMESPACE, name).data, "status")


def test_its_own_trigger_brings_it_to_the_workers() -> None:
    async def check(world: World) -> None:
        for node in world.store.list(NODES):
            world.simulator.set_ready(node.meta["name"], ready=False)
        await world.until(lambda: lamp(world).get("shines") is not True, seconds=200)

    in_world(check)


def test_what_a_person_asks_of_it_is_done_and_answered_once() -> None:
    async def check(world: World) -> None:
        switch(world, "off")
        await world.until(lambda: answer(world, "off").get("summary") == "Done")
        assert not lamp(world).get("on")
        owner = part(world.store.get(INTERVENTIONS, NAMESPACE, "off").data, "metadata")
        assert owner["ownerReferences"][0]["kind"] == "Lamp"

    in_world(check)


def test_a_run_of_the_same_name_is_another_object() -> None:
    async def check(world: World) -> None:
        world.apply("same", STAGES)
        await world.until(lambda: world.summary("same") == "Completed")
        assert lamp(world)["shines"] is True
        world.store.delete(LAMPS, NAMESPACE, "same")
        world.ask("again", "Retry", "a", of="same")
        await world.until(lambda: world.stage("same", "a").get("attempt") == 2)

    in_world(check)


def test_a_verb_of_another_kind_is_refused() -> None:
    async def check(world: World) -> None:
        world.apply("same", STAGES)
        switch(world, "wrong", kind="PipelineJob")
        await world.until(lambda: answer(world, "wrong").get("summary") == "Refused")
        assert answer(world, "wrong")["refused"][0]["reason"] == "UnknownVerb"
        assert len(world.store.list(PIPELINE_JOBS, NAMESPACE)) == 1

    in_world(check)


def test_requests_for_one_that_is_not_there_are_answered() -> None:
    async def check(world: World) -> None:
        switch(world, "nobody", name="gone")
        await world.until(lambda: answer(world, "nobody").get("summary") == "Refused")

    in_world(check)
