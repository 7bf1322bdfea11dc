"""Opens history, however long that takes, and forgets what was kept for long enough.

The rest of the service works without it: a database that is away must not keep a stage from its
inputs. Until it is open, whoever asks for history is told to come again.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from stagework.history.errors import HistoryError
from stagework.history.store import History

PAUSE_SECONDS: Final = 2.0
"""Before a database that could not be opened is tried again; doubled each time."""
LONGEST_PAUSE_SECONDS: Final = 30.0
"""At most."""
SWEEP_SECONDS: Final = 3600.0
"""From one sweep to the next."""
SWEPT_AT_ONCE: Final = 200
"""Runs forgotten in one transaction: who writes meanwhile waits for no more."""
BREATH_SECONDS: Final = 0.2
"""Between two of them others have their turn."""

_log = logging.getLogger("stagework.web.history")


class HistoryCare:
    """Runs beside the service."""

    def __init__(
        self, history: History, *, keep_seconds: float, wall_clock: Callable[[], float]
    ) -> None:
        """`wall_clock`: seconds since 1970."""
        self._history = history
        self._keep = timedelta(seconds=keep_seconds)
        self._wall_clock = wall_clock

    async def run(self) -> None:
        """Until cancelled; then it is closed."""
        try:
            await self._open()
            while True:
                await self._sweep_or_later()
                await asyncio.sleep(SWEEP_SECONDS)
        finally:
            await self._history.close()

    async def _open(self) -> None:
        pause = PAUSE_SECONDS
        while True:
            try:
                await self._history.open()
            except HistoryError as error:
                _log.warning("history cannot be opened yet", extra={"error": str(error)})
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def sweep(self, *, dry_run: bool = False) -> int:
        """Forget what was kept for long enough, now; how many, or with `dry_run` how many it would
        be. Raises HistoryError.
        """
        before = datetime.fromtimestamp(self._wall_clock(), UTC) - self._keep
        if dry_run:
            return await self._history.old(before)
        swept = 0
        try:
            while count := await self._history.sweep(before, SWEPT_AT_ONCE):
                swept += count
                await asyncio.sleep(BREATH_SECONDS)
        finally:
            if swept:
                _log.info("runs forgotten", extra={"count": swept})
        return swept

    async def _sweep_or_later(self) -> None:
        try:
            await self.sweep()
        except HistoryError as error:
            _log.warning("history is swept later", extra={"error": str(error)})
