"""The round of alerts: read, judge, say what is new, and say what is well again."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.alerts.alerts import Alerts, Message, Sending
from stagework.alerts.memory import Memory, MemoryUnavailable
from stagework.alerts.remembered import RememberedAlerts, Sink
from stagework.cluster.lease import NotLeading
from stagework.controllers.alerting.metrics import AlertMetrics
from stagework.controllers.alerting.situation import AlertSources
from stagework.overview.alert_rules import (
    AlertTerms,
    Situation,
    WantedAlert,
    title_of,
    unknown_keys,
    wanted_alerts,
)
from stagework.policies.alerting import quiet_since, well_again

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 10.0
"""From one round to the next: with the limit of a store it makes half a minute."""
LONGEST_PAUSE_SECONDS: Final = 300.0
"""Where nobody takes a word it is said anew after a pause, doubled each time up to this."""


@dataclass(frozen=True)
class _Word:
    key: str
    message: Message
    is_wrong: bool


class AlertWatch:
    """While this process leads."""

    def __init__(
        self,
        sources: AlertSources,
        sink: Sink,
        memory: Memory,
        terms: AlertTerms,
        metrics: AlertMetrics,
        *,
        wall_clock: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """`clock`: seconds that nobody sets."""
        self._sources = sources
        self._sink = sink
        self._memory = memory
        self._terms = terms
        self._metrics = metrics
        self._wall_clock = wall_clock
        self._clock = clock
        self._quiet: dict[str, datetime] = {}
        self._pause = EVERY_SECONDS
        self._resumes = 0.0

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong in a round, the next one comes."""
        self._quiet.clear()
        alerts: Alerts | None = None
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                try:
                    alerts = alerts or await RememberedAlerts.from_memory(self._sink, self._memory)
                    await self.round(alerts)
                except (MemoryUnavailable, NotLeading) as error:
                    log.warning("alerts wait, or they would be said twice: %s", error)
                except Exception:
                    # Alerts must never stop those who decide.
                    log.exception("a round of alerts was given up")
        finally:
            self._sources.stores.forget()
            self._metrics.clear()

    async def round(self, alerts: Alerts) -> None:
        """Once."""
        situation = await self._sources.read()
        now = self._wall_clock()
        self._metrics.show(situation, now)
        terms = self._terms
        wanted = wanted_alerts(situation, terms.places, terms.limits, now)
        words = [*self._wrong(wanted), *self._well(await alerts.open_keys(), wanted, situation)]
        if self._clock() >= self._resumes:
            await self._say(alerts, words)
        self._metrics.open(len(await alerts.open_keys()))

    def _wrong(self, wanted: tuple[WantedAlert, ...]) -> Iterator[_Word]:
        for alert in wanted:
            title = f"{self._terms.where}: {title_of(alert.key)}"
            yield _Word(alert.key, Message(title, alert.text), is_wrong=True)

    def _well(
        self, open_keys: tuple[str, ...], wanted: tuple[WantedAlert, ...], situation: Situation
    ) -> Iterator[_Word]:
        now = self._wall_clock()
        failing = {alert.key for alert in wanted} | unknown_keys(situation)
        self._quiet = quiet_since(open_keys, failing, self._quiet, now)
        for key in well_again(self._quiet, self._terms.well_after, now):
            title = f"{self._terms.where}: well again: {title_of(key)}"
            yield _Word(key, Message(title), is_wrong=False)

    async def _say(self, alerts: Alerts, words: list[_Word]) -> None:
        """One after the other; where nobody takes one, the rest waits with it."""
        for word in words:
            say = alerts.failing if word.is_wrong else alerts.well
            sending = await say(word.key, word.message)
            self._metrics.count(sending)
            if sending is Sending.FAILED:
                self._resumes = self._clock() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
                log.warning("nobody has taken an alert: %s", word.message.title)
                return
        self._pause = EVERY_SECONDS
