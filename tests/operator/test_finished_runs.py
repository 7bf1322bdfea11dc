"""Runs that have ended leave memory, and come back whole when somebody asks for them."""

from typing import Any

from stagework.controllers.pipelinejobs.triggers import RUNS
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS, Json
from tests.support.operators.inprocess import Operator
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

STAGES: list[Json] = [{"name": name, "image": "x", "runsOn": ["gpu"]} for name in ("a", "b")]


def _behave(pod: Json) -> Behaviour:
    """The first attempt of `b` fails."""
    labels = pod["metadata"]["labels"]
    fails = labels["stagework.dev/stage"] == "b" and labels["stagework.dev/attempt"] == "1"
    return Behaviour(exit_code=int(fails), seconds=0.2)


def _world(timescale: VirtualTime) -> World:
    return World(timescale, behave=_behave, of=settings(keepJobsSeconds=5))


def _evicted(operator: Operator, name: str) -> bool:
    runs = {run.metadata.name: run for run in operator.runtime.cache.all(RUNS)}
    return name in runs and runs[name].is_tombstone


async def _ended(world: World, operator: Operator, **spec: Any) -> None:
    """A run that has failed, whose Jobs are gone, and which has left memory."""
    world.apply("one", [{**stage, "retries": 0} for stage in STAGES], **spec)
    await world.until(lambda: world.summary("one") == "StageFailed")
    await world.until(lambda: _evicted(operator, "one"))
    assert not world.store.list(JOBS, NAMESPACE)


def test_a_run_that_has_ended_leaves_memory_when_its_jobs_are_gone() -> None:
    async def main() -> None:
        async with _world(timescale) as world:
            operator = world.start_operator()
            await _ended(world, operator)

    timescale = VirtualTime()
    timescale.run(main())


def test_a_retry_loads_it_again_and_only_what_failed_runs_again() -> None:
    async def main() -> None:
        async with _world(timescale) as world:
            operator = world.start_operator()
            await _ended(world, operator)
            world.ask("again", "Retry", "b", of="one")
            await world.until(lambda: world.summary("one") == "Completed")
            assert (world.stage("one", "a")["attempt"], world.stage("one", "b")["attempt"]) == (
                1,
                2,
            )
            world.check_invariants()
            await world.until(lambda: _evicted(operator, "one"))

    timescale = VirtualTime()
    timescale.run(main())


def test_it_goes_when_its_time_to_live_is_over() -> None:
    async def main() -> None:
        async with _world(timescale) as world:
            operator = world.start_operator()
            await _ended(world, operator, ttlSecondsAfterFinished=60)
            await world.until(lambda: not world.store.list(PIPELINE_JOBS, NAMESPACE), seconds=120)
            await world.until(lambda: not list(operator.runtime.cache.all(RUNS)))

    timescale = VirtualTime()
    timescale.run(main())


def test_a_change_of_its_spec_brings_it_back_for_as_long_as_it_takes() -> None:
    async def main() -> None:
        async with _world(timescale) as world:
            operator = world.start_operator()
            await _ended(world, operator)
            change = {"spec": {"priority": 7}, "metadata": {"generation": 2}}
            world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", change)
            await world.until(lambda: world.run("one")["status"]["observedGeneration"] == 2)
            await world.until(lambda: _evicted(operator, "one"))

    timescale = VirtualTime()
    timescale.run(main())


def test_a_failure_to_load_it_is_tried_again() -> None:
    async def main() -> None:
        async with _world(timescale) as world:
            operator = world.start_operator()
            await _ended(world, operator)

            async def refuse(seen: Any) -> Failure | None:
                one = seen.verb == "GET" and seen.resource is PIPELINE_JOBS
                return Failure(503, "ServiceUnavailable", "not now") if one else None

            world.faults.before.append(refuse)
            world.ask("again", "Retry", "b", of="one")
            await world.until(lambda: world.fake.record.counts["spoilt GET pipelinejobs"] > 4)
            world.faults.clear()
            await world.until(lambda: world.summary("one") == "Completed")

    timescale = VirtualTime()
    timescale.run(main())
