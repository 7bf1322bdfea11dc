"""Writes everything that is recorded into a folder."""

import asyncio
import logging
import os
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.support.operators.world import World
from tests.surface import commands, documents
from tests.surface.driving import DELAYS, SCENARIOS, Scenario
from tests.surface.exact_time import ExactTime
from tests.surface.journal import Journal
from tests.surface.placeholders import HOST
from tests.surface.product import Settings
from tests.surface.scenarios import load

_BEFORE_SECONDS: Final = 3
"""The operator has its Lease by then."""
_AFTER_SECONDS: Final = 15
"""Whatever a scenario has brought about is written by then."""


def record_all(folder: Path) -> None:
    """Every part; raises where a scenario does not come to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    documents.record(folder)
    commands.record(folder / "commands")
    record_requests(folder / "requests", *load())


def record_requests(folder: Path, *names: str) -> None:
    """The requests of these scenarios, one file each, by a process for each processor."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for name, text in zip(names, pool.map(requests_of, names), strict=True):
            (folder / f"{name}.txt").write_text(text)


def requests_of(name: str) -> str:
    """What the operator asked of the API server in one scenario."""
    load()
    os.environ["POD_NAME"] = HOST
    logging.disable(logging.CRITICAL)  # much goes wrong on purpose
    random.seed(name)
    clock = ExactTime()
    try:
        return clock.run(_play(SCENARIOS[name], clock))
    except BaseException as error:
        error.add_note(f"in the scenario {name}")
        raise
    finally:
        logging.disable(logging.NOTSET)


async def _play(scenario: Scenario, clock: ExactTime) -> str:
    settings = Settings.model_validate(scenario.settings)
    world = World(
        clock,
        behave=scenario.behave,
        delays=DELAYS,
        of=settings,
        machines=scenario.machines,
    )
    async with world:
        journal = Journal(world.store, clock)
        world.fake.record.listeners.append(journal.note)
        if scenario.operator:
            world.start_operator()
            await asyncio.sleep(_BEFORE_SECONDS)
        await scenario.act(world)
        await asyncio.sleep(_AFTER_SECONDS)
        journal.close()
        return journal.text()
