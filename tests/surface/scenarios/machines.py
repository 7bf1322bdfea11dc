"""Machines that are busy, away or gone, and whose turn it is."""

import asyncio

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import NODES
from tests.support.operators.setup import settings_document
from tests.support.operators.world import World
from tests.surface.driving import EVERY, RUN, change, ended, line, reached, scenario, waits_for

SLOW = Behaviour(seconds=20)
ONE_SLOT = settings_document(slots=1)


@scenario(script={("a", 1): SLOW})
async def a_lid_is_closed_for_a_while(world: World) -> None:
    """The node is not ready; what runs there is waited for."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    world.simulator.set_ready("gpu-1", ready=False)
    await asyncio.sleep(40)
    world.simulator.set_ready("gpu-1", ready=True)
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_node_is_deleted(world: World) -> None:
    """Its Pod with it: until the node is back the process may still run."""
    world.apply(RUN, line("a", "b", retries=0))
    await reached(world, "a", "Running")
    world.store.delete(NODES, "", "gpu-1")
    await asyncio.sleep(20)
    world.simulator.add_machines(gpu=1)
    await ended(world)


@scenario(operator=False)
async def no_node_at_first(world: World) -> None:
    """The stage waits for one, and no clock runs."""
    world.store.delete(NODES, "", "gpu-1")
    world.start_operator()
    world.apply(RUN, line("a", startDeadlineSeconds=5))
    await waits_for(world, "a", "NoNodeOfClass")
    await asyncio.sleep(20)
    world.simulator.add_machines(gpu=1)
    await ended(world)


@scenario()
async def a_node_is_cordoned(world: World) -> None:
    """It is no place for new work."""
    world.store.patch(NODES, "", "gpu-1", {"spec": {"unschedulable": True}})
    world.apply(RUN, line("a"))
    await asyncio.sleep(20)
    world.store.patch(NODES, "", "gpu-1", {"spec": {"unschedulable": None}})
    await ended(world)


@scenario()
async def the_next_class_takes_it(world: World) -> None:
    """After its time."""
    world.simulator.set_ready("gpu-1", ready=False)
    world.apply(RUN, line("a", "b", runsOn=["gpu", "macmini"], fallbackAfterSeconds=15))
    await ended(world)


@scenario(settings=ONE_SLOT)
async def whichever_class_is_free_first(world: World) -> None:
    """Three runs, two machines."""
    for name in ("one", "two", "three"):
        world.apply(name, line("a", "b", runsOn=["gpu", "macmini"], fallbackAfterSeconds=0))
        await asyncio.sleep(1)
    await ended(world, "one", "two", "three")


@scenario(settings=ONE_SLOT, script={("a", EVERY): SLOW, ("b", EVERY): SLOW})
async def a_line_with_priorities(world: World) -> None:
    """One slot: priority first, then begun runs, then age; one priority is changed on the way."""
    for number, priority in enumerate((0, 0, 0, 9, -5)):
        world.apply(f"run-{number}", line("a", "b"), priority=priority)
        await asyncio.sleep(1)
    await reached(world, "b", "Running", run="run-0")
    change(world, "run-2", priority=5)
    await ended(world, *(f"run-{number}" for number in range(5)))


@scenario(settings=settings_document(slots=2), machines=2)
async def more_runs_than_slots(world: World) -> None:
    """Seven runs for four slots."""
    names = [f"run-{number}" for number in range(7)]
    for name in names:
        world.apply(name, line("a", "b"))
    await ended(world, *names)
