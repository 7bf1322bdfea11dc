"""Posts what is in the spool, batch by batch, for as long as the process lives.

Also when it leads no more: what it has seen is still true. A batch that the service will never
take is halved until the one fact that is to blame stands alone; that one is dropped, and said.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from stagework.api.facts import MAX_FACTS, AnyFact
from stagework.controllers.facts.metrics import FactMetrics
from stagework.controllers.facts.spool import Spool
from stagework.service_client.facts import FactStore, NeverTaken
from stagework.service_client.results import LookupFailed

log = logging.getLogger(__name__)

BATCH: Final = MAX_FACTS // 2
"""Facts in a request."""
LINGER_SECONDS: Final = 0.5
"""Facts are collected for so long: those about one row become one meanwhile."""
PAUSE_SECONDS: Final = 1.0
"""Before a service that did not take them is asked again; doubled each time."""
LONGEST_PAUSE_SECONDS: Final = 30.0
"""At most."""


class Poster:
    """One a process."""

    def __init__(self, store: FactStore, spool: Spool, metrics: FactMetrics) -> None:
        self._store = store
        self._spool = spool
        self._metrics = metrics
        metrics.waiting(lambda: len(spool))
        self._pause = PAUSE_SECONDS

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._spool.filled()
            await asyncio.sleep(LINGER_SECONDS)
            batch = self._spool.take(BATCH)
            try:
                await self._post(batch)
            except LookupFailed as error:
                self._spool.give_back()
                await self._wait(error)
            except BaseException:
                self._spool.give_back()
                raise
            else:
                self._spool.acknowledge()

    async def post_all(self, facts: Sequence[AnyFact]) -> None:
        """Past the spool, for what can be had again: returns once all is kept."""
        for begin in range(0, len(facts), BATCH):
            while True:
                try:
                    await self._post(facts[begin : begin + BATCH])
                    break
                except LookupFailed as error:
                    await self._wait(error)

    async def _post(self, facts: Sequence[AnyFact]) -> None:
        try:
            await self._store.post(facts)
        except NeverTaken as error:
            if len(facts) == 1:
                log.error("history will never take %s: %s", facts[0].key, error)  # noqa: TRY400
                self._metrics.refused()
                return
            middle = len(facts) // 2
            await self._post(facts[:middle])
            await self._post(facts[middle:])
        else:
            self._metrics.posted(len(facts))
            self._pause = PAUSE_SECONDS

    async def _wait(self, error: LookupFailed) -> None:
        log.warning("history has not taken facts: %s", error)
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)
