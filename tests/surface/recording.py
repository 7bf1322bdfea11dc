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
BROKEN_OFF: Final = "=== broken off"
"""Last line of a scenario that did not come to its end."""


def record_all(folder: Path) -> list[str]:
    """Every part; answers the scenarios that did not come to their end."""
    folder.mkdir(parents=True, exist_ok=True)
    documents.record(folder)
    commands.record(folder / "commands")
    return _record_requests(folder / "requests")


def _record_requests(folder: Path) -> list[str]:
    """One file a scenario, by a process for each processor."""
    folder.mkdir(exist_ok=True)
    names, broken = load(), list[str]()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for name, text in zip(names, pool.map(requests_of, names), strict=True):
            (folder / f"{name}.txt").write_text(text)
            if BROKEN_OFF in text:
                broken.append(name)
    return broken


def requests_of(name: str) -> str:
    """What the operator asked of the API server in one scenario."""
    load()
    os.environ["POD_NAME"] = HOST
    logging.disable(logging.CRITICAL)  # much goes wrong on purpose
    random.seed(name)
    clock = ExactTime()
    try:
        return clock.run(_play(SCENARIOS[name], clock))
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
        end = ""
        try:
            await scenario.act(world)
            await asyncio.sleep(_AFTER_SECONDS)
        except Exception as error:  # noqa: BLE001 - what was asked up to here is the finding
            end = f"\n{BROKEN_OFF}: {error!r}\n"
        journal.close()
        return journal.text() + end
