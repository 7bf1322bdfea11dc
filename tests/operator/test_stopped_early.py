"""A Stop is possible at any time before the end: the whole operator, on the fake API server."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    INTERVENTIONS,
    JOBS,
    PIPELINE_JOBS,
    PIPELINES,
    REVISIONS,
    Json,
)
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

STAGES: list[Json] = [{"name": "work", "image": "x", "runsOn": ["gpu"], "contract": "Mark"}]


def _play(story: Callable[[World], Awaitable[None]]) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        hangs = Behaviour(seconds=5000, stop_seconds=10)
        async with World(timescale, behave=lambda _pod: hangs) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale.run(main())


def _of_pipeline(world: World) -> None:
    body: Json = {"metadata": {"name": "one"}, "spec": {"pipelineRef": {"name": "p"}}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, body)


def _pipeline(world: World) -> None:
    body: Json = {"metadata": {"name": "p"}, "spec": {"stages": STAGES}}
    world.store.create(PIPELINES, NAMESPACE, body)


def _answer(world: World, name: str) -> Json:
    return world.store.get(INTERVENTIONS, NAMESPACE, name).data.get("status", {})


async def _stop(world: World) -> None:
    world.ask("stop", "Stop", of="one", requestedBy="ops")
    await world.until(lambda: world.summary("one") == "Stopped")
    await world.until(lambda: bool(_answer(world, "stop")))
    answer = _answer(world, "stop")
    assert (answer["summary"], answer["affected"]) == ("Done", 1)
    assert world.run("one")["status"]["message"] == "stopped by ops"


def test_a_run_that_waits_for_its_pipeline_is_stopped_and_goes_on_after_a_retry() -> None:
    async def story(world: World) -> None:
        _of_pipeline(world)
        await world.until(lambda: world.summary("one") == "PipelineNotFound")
        await _stop(world)

        _pipeline(world)
        await asyncio.sleep(120)
        assert world.summary("one") == "Stopped"
        assert not world.store.list(JOBS)

        world.ask("retry", "Retry", of="one")
        await world.until(lambda: world.summary("one") == "Running")

    _play(story)


def test_a_run_that_was_suspended_from_the_beginning_is_stopped() -> None:
    async def story(world: World) -> None:
        world.apply("one", STAGES, suspend=True)
        await world.until(lambda: world.summary("one") == "Suspended")
        await _stop(world)

        world.change("one", suspend=False)
        await asyncio.sleep(120)
        assert world.summary("one") == "Stopped"
        assert not world.invariants.runs

    _play(story)


def test_a_run_whose_stages_are_lost_is_stopped_and_gives_its_machine_back() -> None:
    async def story(world: World) -> None:
        _pipeline(world)
        _of_pipeline(world)
        await world.until(lambda: world.summary("one") == "Running")
        await world.operators[0].kill()
        (revision,) = world.store.list(REVISIONS)
        world.store.delete(REVISIONS, NAMESPACE, revision.data["metadata"]["name"])
        world.run_out_lease()
        world.start_operator()
        await world.until(lambda: world.summary("one") == "RevisionLost")
        world.apply("two", STAGES)

        await _stop(world)
        assert world.invariants.runs[0].ended is not None
        await world.until(lambda: world.summary("two") == "Running")

    _play(story)
