"""A run is ended when its time is over, and its clock stands still while machines are away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from stagework.settings import Settings
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PODS, Json, part
from tests.support.operators.setup import NAMESPACE, settings_document
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Story = Callable[[World], Awaitable[None]]


def _stage(name: str, **changes: Any) -> Json:
    fields = {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 3, "backoffSeconds": 0}
    return {**fields, **changes}


def _behave(pod: Json) -> Behaviour:
    """A second attempt is done in no time."""
    labels = part(pod, "metadata", "labels")
    again = labels["stagework.dev/attempt"] != "1"
    return Behaviour(seconds=0.5 if again else 50.0, stop_seconds=5.0)


def _settings() -> Settings:
    """The laptop may be away."""
    document = settings_document()
    document["fleet"]["machineClasses"][-1]["mayBeAway"] = True
    return Settings.model_validate(document)


def _play(story: Story) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=_behave, of=_settings()) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale.run(main())


def _states(world: World) -> dict[str, tuple[str, str]]:
    stages = part(world.run("one"), "status").get("stages", [])
    return {stage["name"]: (stage["state"], stage.get("reason", "")) for stage in stages}


def test_what_runs_is_ended_with_its_grace_and_what_waits_is_not_begun() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage("a"), _stage("b")], activeDeadlineSeconds=30)
        await world.until(lambda: _states(world).get("a", ("", ""))[0] == "Running")
        await world.until(lambda: world.summary("one") == "DeadlineExceeded", seconds=200)
        assert _states(world) == {
            "a": ("Failed", "DeadlineExceeded"),
            "b": ("NotRun", "DeadlineExceeded"),
        }
        (process,) = world.invariants.runs
        assert process.ended is not None
        assert process.ended - process.started < 40

    _play(story)


def test_a_retry_goes_on_with_a_new_clock() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage("a"), _stage("b")], activeDeadlineSeconds=30)
        await world.until(lambda: world.summary("one") == "DeadlineExceeded", seconds=200)
        await asyncio.sleep(500)
        world.ask("again", "Retry", of="one")
        await world.until(lambda: _states(world)["b"][0] == "Running")
        assert world.stage("one", "a")["attempt"] == 2
        await world.until(lambda: world.summary("one") == "DeadlineExceeded", seconds=200)
        assert world.stage("one", "a")["state"] == "Succeeded", "b takes too long again"

    _play(story)


def test_nothing_of_a_run_that_was_ended_is_left() -> None:
    async def story(world: World) -> None:
        stages = [_stage("a"), _stage("b"), _stage("c", dependsOn=[], runsOn=["macmini"])]
        world.apply("one", stages, activeDeadlineSeconds=30)
        await world.until(lambda: world.summary("one") == "DeadlineExceeded", seconds=200)

        def held() -> list[str]:
            pods = world.store.list(PODS, NAMESPACE)
            return [pod.key[1] for pod in pods if part(pod.data, "spec").get("schedulingGates")]

        await world.until(lambda: not held())
        jobs = [job.data["metadata"]["labels"] for job in world.store.list(JOBS, NAMESPACE)]
        assert {labels["stagework.dev/stage"] for labels in jobs} <= {"a", "c"}

    _play(story)


def test_a_lid_that_is_closed_for_long_costs_no_time() -> None:
    async def story(world: World) -> None:
        world.simulator.set_ready("macbook-1", ready=False)
        await asyncio.sleep(5)
        world.apply("one", [_stage("a", runsOn=["macbook"])], activeDeadlineSeconds=100)
        await world.until(lambda: _states(world).get("a", ("", ""))[1] == "MachineAway")
        await asyncio.sleep(600)
        world.simulator.set_ready("macbook-1", ready=True)
        await world.until(lambda: _states(world)["a"][0] == "Running")
        world.simulator.set_ready("macbook-1", ready=False)
        await asyncio.sleep(600)
        assert _states(world)["a"] == ("Away", "MachineAway")
        world.simulator.set_ready("macbook-1", ready=True)
        await world.until(lambda: world.summary("one") == "Completed", seconds=120)

    _play(story)


def test_a_new_leader_goes_on_by_the_same_clock() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage("a")], activeDeadlineSeconds=30)
        await world.until(lambda: _states(world).get("a", ("", ""))[0] == "Running")
        await world.operators[0].kill()
        world.run_out_lease()
        await asyncio.sleep(20)
        world.start_operator()
        await world.until(lambda: world.summary("one") == "DeadlineExceeded", seconds=200)

    _play(story)
