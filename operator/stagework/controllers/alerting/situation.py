"""What the rules of alerts are asked of, from those who know a part of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from stagework.controllers.alerting.stores import StoreWatch
from stagework.overview.alert_rules import MissedSchedule, OrphanSeen, Situation
from stagework.overview.queue.work import Work


@dataclass(frozen=True)
class AlertSources:
    """All but the stores is in memory, and follows from statuses: so neither a restart nor another
    leader loses anything, or says it twice.
    """

    rows: Callable[[], Sequence[Work]]
    """What waits, works, has failed, and was done in the last hour."""
    orphans: Callable[[], Awaitable[Sequence[OrphanSeen]]]
    missed: Callable[[], Sequence[MissedSchedule]]
    stores: StoreWatch

    async def read(self) -> Situation:
        """As of now."""
        stores, orphans = await self.stores.ask(), await self.orphans()
        return Situation(self.rows(), orphans, self.missed(), stores)
