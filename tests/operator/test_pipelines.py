"""What people see of a Pipeline, and what it costs to tell them."""

from collections.abc import Awaitable, Callable
from typing import Any

from stagework.plans.pipeline.plan import COUNT_PAUSE
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import EVENTS, PIPELINE_JOBS, PIPELINES, Json, part
from tests.support.fakeapi.store import Change
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

STAGE: Json = {"name": "a", "image": "x", "runsOn": ["gpu"], "contract": "ExitCode"}


def in_world(check: Callable[[World], Awaitable[None]], seconds: float = 5.0) -> None:
    async def main() -> None:
        async with World(timescale, behave=lambda _: Behaviour(seconds=seconds)) as world:
            world.start_operator()
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


def apply(world: World, name: str = "shared", **changes: Any) -> None:
    spec = {"stages": [{**STAGE, **changes}], "params": [{"name": "who"}]}
    world.store.create(PIPELINES, NAMESPACE, {"metadata": {"name": name}, "spec": spec})


def run(world: World, name: str, pipeline: str = "shared") -> None:
    spec = {"pipelineRef": {"name": pipeline}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, {"metadata": {"name": name}, "spec": spec})


def status(world: World, name: str = "shared") -> Json:
    return part(world.store.get(PIPELINES, NAMESPACE, name).data, "status")


def ready(world: World) -> Json:
    absent: Json = {}
    found = (c for c in status(world).get("conditions", ()) if c["type"] == "Ready")
    return next(found, absent)


def test_its_columns_follow_what_is_written_and_who_uses_it() -> None:
    async def check(world: World) -> None:
        apply(world)
        await world.until(lambda: ready(world).get("status") == "True", seconds=2)
        assert [status(world)[name] for name in ("stages", "params", "runs")] == [1, 1, 0]
        assert status(world)["observedGeneration"] == 1

        for name in ("one", "two"):
            run(world, name)
        await world.until(lambda: status(world)["runs"] == 2, seconds=20)
        await world.until(lambda: status(world)["runs"] == 0, seconds=60)
        assert {world.summary(name) for name in ("one", "two")} == {"Completed"}

        spec = {"stages": [STAGE, {**STAGE, "name": "b"}]}
        world.store.patch(PIPELINES, NAMESPACE, "shared", {"spec": spec})
        await world.until(lambda: status(world)["stages"] == 2, seconds=2)

    in_world(check, seconds=20)


def test_one_that_no_run_could_use_says_so_before_there_is_a_run() -> None:
    async def check(world: World) -> None:
        apply(world, runsOn=["gpuu"])
        await world.until(lambda: ready(world).get("status") == "False", seconds=2)
        assert "unknown machine class 'gpuu'" in ready(world)["message"]
        await world.until(lambda: "InvalidSpec" in _event_reasons(world), seconds=5)

        stages = [{**STAGE, "runsOn": ["gpu"]}]
        world.store.patch(PIPELINES, NAMESPACE, "shared", {"spec": {"stages": stages}})
        await world.until(lambda: ready(world).get("status") == "True", seconds=2)

    in_world(check)


def _event_reasons(world: World) -> list[str]:
    return [event.data["reason"] for event in world.store.list(EVENTS)]


def test_one_of_another_version_says_so_and_keeps_its_numbers() -> None:
    async def check(world: World) -> None:
        apply(world)
        await world.until(lambda: ready(world).get("status") == "True", seconds=2)

        stages = [{**STAGE, "tpus": 4}, STAGE]
        world.store.patch(PIPELINES, NAMESPACE, "shared", {"spec": {"stages": stages}})

        await world.until(lambda: ready(world).get("reason") == "NotUnderstood", seconds=2)
        assert "upgrade the operator" in ready(world)["message"]
        assert status(world)["stages"] == 1

    in_world(check)


def test_many_runs_cost_few_writes() -> None:
    """Runs that come and go one by one: one write in each pause, and the last number holds."""

    async def check(world: World) -> None:
        apply(world)
        await world.until(lambda: "runs" in status(world), seconds=2)
        writes: list[int] = []
        world.store.listeners.append(lambda change: _note_write(change, writes))
        began = world.timescale.monotonic()
        for number in range(RUNS):
            run(world, f"run-{number}")
            await world.until(lambda n=number: world.summary(f"run-{n}") == "Completed")
        await world.until(lambda: status(world)["runs"] == 0, seconds=30)

        passed = world.timescale.monotonic() - began
        assert 1 < len(writes) <= passed / COUNT_PAUSE.total_seconds() + 1
        assert len(writes) < RUNS / 2

    in_world(check, seconds=1.0)


RUNS = 60


def _note_write(change: Change, writes: list[int]) -> None:
    if change.resource is PIPELINES:
        writes.append(change.version)


def test_a_number_is_written_also_by_who_leads_next() -> None:
    async def check(world: World) -> None:
        apply(world)
        run(world, "one")
        await world.until(lambda: status(world).get("runs") == 1, seconds=20)
        await world.operators[-1].kill()
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one")
        world.run_out_lease()
        world.start_operator()

        await world.until(lambda: status(world)["runs"] == 0, seconds=60)

    in_world(check, seconds=500)
