"""A namespace is deleted with runs in it: nothing more is made there, and nobody is alarmed."""

import asyncio

import pytest

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS, PODS, Json
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

RUNS = ("first", "second", "third")
REFUSAL = "because it is being terminated"
STAGES: list[Json] = [
    {"name": f"s{number}", "image": "x", "runsOn": ["gpu"]} for number in range(4)
]


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=5.0)


def _terminate(world: World) -> list[str]:
    """From now on the API server lets nothing be made here; the Jobs that it refused."""
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {NAMESPACE} is being terminated",
        "field": "metadata.namespace",
    }
    refusal = Failure(403, "Forbidden", REFUSAL, causes=[cause])
    refused: list[str] = []

    async def refuse(seen: Seen) -> Verdict:
        if seen.verb != "POST" or seen.namespace != NAMESPACE:
            return None
        if seen.resource is JOBS:
            refused.append(seen.what)
        return refusal

    world.faults.before.append(refuse)
    return refused


async def _empty(world: World) -> None:
    """As the namespace controller does; runs last, which tempts most to make something new."""
    for resource in (PODS, JOBS, PIPELINE_JOBS):
        for stored in world.store.list(resource, NAMESPACE):
            world.store.delete(resource, *stored.key, {"gracePeriodSeconds": 0})
            await asyncio.sleep(1)
        await asyncio.sleep(30)


def test_nothing_is_made_in_a_namespace_that_is_being_deleted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            for name in RUNS:
                world.apply(name, STAGES)
            await world.until(lambda: all(world.summary(name) == "Running" for name in RUNS))
            refused = _terminate(world)
            await _empty(world)
            assert 1 <= len(refused) <= len(RUNS), refused
            assert not [
                record.message for record in caplog.records if REFUSAL in record.getMessage()
            ]
            world.faults.clear()
            world.apply(RUNS[0], STAGES)  # a namespace of the same name, later
            await world.until(lambda: world.summary(RUNS[0]) == "Completed")

    timescale = VirtualTime()
    timescale.run(main())
