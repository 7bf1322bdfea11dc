"""History is opened however long that takes, swept by the hour, and closed at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from stagework.web.history_care import SWEPT_AT_ONCE, HistoryCare
from tests.support.history.facts import START, run_fact
from tests.support.history.memory import MemoryHistory
from tests.support.operators.timescale import VirtualTime

KEEP_SECONDS = 3600.0


class History(MemoryHistory):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0
        self.closed = False
        self.sweeps: list[int] = []

    async def open(self) -> None:
        self.opened += 1
        await super().open()

    async def close(self) -> None:
        self.closed = True

    async def sweep(self, before: datetime, limit: int) -> int:
        assert limit == SWEPT_AT_ONCE
        swept = await super().sweep(before, limit)
        self.sweeps.append(swept)
        return swept


def with_care(check: Callable[[History], Awaitable[None]]) -> None:
    async def main() -> None:
        history, loop = History(), asyncio.get_running_loop()
        began = loop.time()
        care = HistoryCare(
            history,
            keep_seconds=KEEP_SECONDS,
            wall_clock=lambda: START.timestamp() + loop.time() - began,
        )
        task = asyncio.create_task(care.run())
        await check(history)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert history.closed

    VirtualTime().run(main())


def test_it_is_opened_however_long_the_database_is_away() -> None:
    async def check(history: History) -> None:
        history.away = True
        await asyncio.sleep(300)
        assert 3 < history.opened < 20
        assert history.sweeps == []
        history.away = False
        await asyncio.sleep(31)
        assert history.sweeps == [0]

    with_care(check)


def test_what_was_silent_for_the_keep_time_is_forgotten_a_few_at_a_time() -> None:
    async def check(history: History) -> None:
        await history.record([run_fact(f"run-{n}") for n in range(SWEPT_AT_ONCE + 3)])
        await asyncio.sleep(60)
        assert history.sweeps == [0], "too early"
        await asyncio.sleep(2 * KEEP_SECONDS)
        assert history.facts == {}
        assert [count for count in history.sweeps if count] == [SWEPT_AT_ONCE, 3]

    with_care(check)


def test_a_sweep_that_fails_is_done_the_next_hour() -> None:
    async def check(history: History) -> None:
        await history.record([run_fact()])
        await asyncio.sleep(60)
        history.away = True
        await asyncio.sleep(KEEP_SECONDS * 1.5)
        history.away = False
        await asyncio.sleep(KEEP_SECONDS * 1.5)
        assert history.facts == {}

    with_care(check)
