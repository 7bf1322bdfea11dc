"""Whatever stands between operator and API server: it converges within a minute of its end."""

import asyncio
from typing import Final

import pytest

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json
from tests.support.operators import fault_schedule
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

RUNS: Final = 4
STAGES: Final = 3
FAULT_SECONDS: Final = 45.0
CONVERGED_SECONDS: Final = 60.0


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=2.0)


def _stages() -> list[Json]:
    return [{"name": f"s{n}", "image": "x", "retries": 0, "runsOn": ["gpu"]} for n in range(STAGES)]


def _attempts(world: World, name: str) -> list[tuple[str, int, int]]:
    stages = stages_of(world.run(name))
    return [(s["state"], s.get("attempt", 1), s.get("interruptions", 0)) for s in stages]


async def _through(fault: fault_schedule.Fault, timescale: VirtualTime) -> None:
    async with World(timescale, behave=_behave) as world:
        world.start_operator()
        names = [f"run-{number}" for number in range(RUNS)]
        for name in names[:-1]:
            world.apply(name, _stages())
        await asyncio.sleep(3)
        fault(world)
        await asyncio.sleep(FAULT_SECONDS / 2)
        world.apply(names[-1], _stages())
        await asyncio.sleep(FAULT_SECONDS / 2)
        world.faults.clear()
        await world.until(
            lambda: all(world.summary(name) == "Completed" for name in names),
            seconds=CONVERGED_SECONDS,
        )
        world.check_invariants()
        # Blindness is not death: not one attempt was given up.
        for name in names:
            assert _attempts(world, name) == [("Succeeded", 1, 0)] * STAGES
        assert len(world.invariants.runs) == RUNS * STAGES


@pytest.mark.parametrize("fault", fault_schedule.ALL, ids=lambda fault: fault.__name__)
def test_it_converges_within_a_minute(fault: fault_schedule.Fault) -> None:
    timescale = VirtualTime()
    timescale.run(_through(fault, timescale))
