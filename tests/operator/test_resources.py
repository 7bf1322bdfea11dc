"""Faults cost neither file handles, nor tasks, nor memory for ever."""

import asyncio
import gc
import logging
import tracemalloc
from pathlib import Path
from typing import Final

from tests.support.fakeapi.resources import Json
from tests.support.operators import fault_schedule
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

ROUNDS: Final = 4
FAULTS: Final = (
    fault_schedule.resets,
    fault_schedule.lost_answers,
    fault_schedule.expired_versions,
    fault_schedule.half_open,
    fault_schedule.repeated_events,
    fault_schedule.outage,
)
STAGES: Final[list[Json]] = [{"name": "s", "image": "x", "runsOn": ["gpu"]}]
_OURS: Final = [tracemalloc.Filter(inclusive=True, filename_pattern="*/operator/stagework/*")]


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _memory() -> int:
    gc.collect()
    statistics = tracemalloc.take_snapshot().filter_traces(_OURS).statistics("filename")
    return sum(statistic.size for statistic in statistics)


def _tasks() -> int:
    """The operator's tasks: those of the fake server come and go with its connections."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return sum(not name.startswith("RequestHandler.") for name in names)


async def _round(world: World, number: int) -> tuple[int, int, int]:
    name = f"run-{number}"
    world.apply(name, STAGES)
    for fault in FAULTS:
        fault(world)
        await asyncio.sleep(8)
        world.faults.clear()
    await world.until(lambda: world.summary(name) == "Completed")
    await asyncio.sleep(40)  # kept connections run out, watches are open again
    return _open_files(), _tasks(), _memory()


def test_handles_tasks_and_memory_stay_flat() -> None:
    async def main() -> list[tuple[int, int, int]]:
        async with World(timescale) as world:
            world.start_operator()
            return [await _round(world, number) for number in range(ROUNDS)]

    timescale = VirtualTime()
    logging.disable(logging.CRITICAL)  # pytest keeps what is logged
    tracemalloc.start()
    try:
        rounds = timescale.run(main())
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)
    handles, tasks, memory = zip(*rounds[1:], strict=True)
    assert max(handles) - handles[0] <= 6, rounds
    assert max(tasks) - tasks[0] <= 2, rounds
    assert max(memory) - memory[0] <= 150_000, rounds
