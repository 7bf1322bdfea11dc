"""The loops of the listener, each for itself: one that fails waits, says so once, and goes on."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener.errors import ListenerError, TableUnusable
from stagework.listener.hints import Hints
from stagework.listener.making import Making
from stagework.listener.reporting import Reporting
from stagework.listener.rows import Rows
from stagework.listener.runs import Runs
from stagework.settings import ListenerSettings

PAUSE_SECONDS: Final = 0.5
"""After a failure; doubles up to the longest one."""
LONGEST_PAUSE_SECONDS: Final = 15.0
LOOPS: Final = ("rows", "reports", "comparison")
"""Rows that want a run; runs that have changed; rows whose run has not ended."""
STUCK_SECONDS: Final = 120.0
"""A loop that has neither ended a pass nor failed for so long hangs."""

_log = logging.getLogger("stagework.listener")


class Listener:
    """Rows become runs, and runs are written back, until it is cancelled."""

    def __init__(self, settings: ListenerSettings, api: KubeApi) -> None:
        """Raises TableUnusable where no database is set."""
        self._settings = settings
        self._rows = Rows(settings)
        self._reporting = Reporting(api, self._rows, settings.namespaces)
        self._making = Making(settings, self._rows, Runs(api), self._reporting.recorded)
        self._hinted = asyncio.Event()
        self._usable = False
        self._moved: dict[str, float] = {name: time.monotonic() for name in LOOPS}
        self.trouble: dict[str, str] = {}
        """What keeps a loop from its work, by the loop."""

    @property
    def ready(self) -> bool:
        """The table was found as it must be, and runs are known."""
        return self._usable and not self.trouble and self._reporting.synced

    @property
    def alive(self) -> bool:
        """Whether every loop has ended a pass, or failed, lately."""
        longest = STUCK_SECONDS + self._settings.scanSeconds
        return all(time.monotonic() - moved < longest for moved in self._moved.values())

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        postgresql = self._settings.postgresql
        if postgresql is None:
            raise TableUnusable("settings.listener.postgresql is not set: name the database")

        def hint() -> None:
            loop.call_soon_threadsafe(self._hinted.set)

        hints = Hints(postgresql, hint)
        hints.start()
        try:
            async with asyncio.TaskGroup() as group:
                for watch in self._reporting.watches:
                    group.create_task(_forever(watch))
                passes = (self._make, self._report, self._compare)
                for name, one_pass in zip(LOOPS, passes, strict=True):
                    group.create_task(self._loop(name, one_pass))
        finally:
            await asyncio.to_thread(hints.stop)
            await self._rows.close()

    async def _loop(self, name: str, one_pass: Callable[[], Awaitable[None]]) -> None:
        pause = PAUSE_SECONDS
        while True:
            try:
                if not self._usable:
                    await self._rows.check()
                    self._usable = True
                await one_pass()
                if self.trouble.pop(name, None) is not None:
                    _log.info("%s: it goes on", name)
                pause = PAUSE_SECONDS
            except (ListenerError, ApiError) as error:
                self._usable = self._usable and isinstance(error, ApiError)
                if self.trouble.get(name) != f"{error}":
                    _log.warning("%s: %s", name, error)
                self.trouble[name] = f"{error}"
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            self._moved[name] = time.monotonic()

    async def _make(self) -> None:
        self._hinted.clear()
        if not await self._making.one_pass():
            await self._within_scan(self._hinted)

    async def _report(self) -> None:
        await self._reporting.one_pass(self._settings.scanSeconds)

    async def _compare(self) -> None:
        self._reporting.gone.clear()
        if self._reporting.synced:
            await self._reporting.compare()
        await self._within_scan(self._reporting.gone)

    async def _within_scan(self, event: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.scanSeconds):
                await event.wait()


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    await work()
