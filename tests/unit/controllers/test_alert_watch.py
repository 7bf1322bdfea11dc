"""The round of alerts: once when it is wrong, once when it is well, and nothing stops for it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from stagework.alerts.remembered import RememberedAlerts
from stagework.api.health import PartHealth, ServiceHealth
from stagework.cluster.lease import NotLeading
from stagework.controllers.alerting import watch
from stagework.controllers.alerting.metrics import AlertMetrics
from stagework.controllers.alerting.situation import AlertSources
from stagework.controllers.alerting.stores import StoreWatch
from stagework.controllers.alerting.watch import EVERY_SECONDS, AlertWatch
from stagework.overview.alert_rules import AlertLimits, AlertTerms, OrphanSeen
from stagework.overview.queue.work import Work
from tests.support.alerts import Ears, MemoryInProcess
from tests.support.builders.queue import NOW, ago, old_places, work
from tests.support.operators.results import SimulatedChecks

TERMS = AlertTerms(
    AlertLimits(
        *(0.5, 5, timedelta(minutes=5), timedelta(hours=12)),
        *(timedelta(seconds=20), timedelta(seconds=60)),
    ),
    well_after=timedelta(seconds=60),
    places=old_places(),
    where="stagework in here",
)
STUCK = "stagework in here: stages are stuck: extract"
STUCK_NO_MORE = "stagework in here: well again: stages are stuck: extract"


class Desk:
    """What outlives one leader: the situation, who hears, what is remembered, and the time."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.rows: list[Work] = []
        self.fault: Exception | None = None
        self.checks = SimulatedChecks()
        self.ears = Ears()
        self.memory = MemoryInProcess()
        self.registry = CollectorRegistry()
        self.metrics = AlertMetrics(self.registry)
        self.watch = self.starts()

    def starts(self) -> AlertWatch:
        """Another process leads."""
        stores = StoreWatch(self.checks, lambda: self.now)
        sources = AlertSources(lambda: self.rows, self._orphans, list, stores)
        self.watch = AlertWatch(
            *(sources, self.ears, self.memory, TERMS, self.metrics),
            wall_clock=lambda: self.now,
            clock=self._seconds,
        )
        return self.watch

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    async def _orphans(self) -> Sequence[OrphanSeen]:
        if self.fault is not None:
            raise self.fault
        return ()

    def passes(self, seconds: float) -> None:
        """So much time, a round each ten seconds."""

        async def sleep(pause: float) -> None:
            if self.now >= until:
                raise asyncio.CancelledError
            self.now += timedelta(seconds=pause)

        until = self.now + timedelta(seconds=seconds)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(watch.asyncio, "sleep", sleep)
            with suppress(asyncio.CancelledError):
                asyncio.run(self.watch.run())

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def stuck(minutes: float = 30) -> Work:
    return work(state="stuck", turn_at=ago(minutes), error="ImagePull: not there")


def test_it_is_said_once_and_once_more_when_it_is_well_again(desk: Desk) -> None:
    desk.passes(30)
    assert desk.ears.titles == []
    desk.rows = [stuck()]
    desk.passes(100)
    assert desk.ears.titles == [STUCK]
    desk.rows = []
    desk.passes(60)
    assert desk.ears.titles == [STUCK], "it may come back"
    desk.passes(300)
    assert desk.ears.titles == [STUCK, STUCK_NO_MORE]


async def test_what_comes_and_goes_is_one_word(desk: Desk) -> None:
    alerts = await RememberedAlerts.from_memory(desk.ears, desk.memory)
    for number in range(20):
        desk.rows = [stuck()] if number % 2 == 0 else []
        desk.now += timedelta(seconds=40)
        await desk.watch.round(alerts)
    assert desk.ears.titles == [STUCK]


def test_another_leader_says_nothing_twice(desk: Desk) -> None:
    desk.rows = [stuck()]
    desk.passes(30)
    desk.starts()
    desk.passes(300)
    assert desk.ears.titles == [STUCK]
    desk.rows = []
    desk.starts()
    desk.passes(300)
    assert desk.ears.titles == [STUCK, STUCK_NO_MORE]


def test_while_nobody_knows_what_was_said_nothing_is_said(desk: Desk) -> None:
    desk.rows = [stuck()]
    desk.passes(30)
    desk.starts()
    desk.memory.away = True
    desk.passes(300)
    assert desk.ears.titles == [STUCK]
    desk.memory.away = False
    desk.passes(300)
    assert desk.ears.titles == [STUCK]


def test_what_nobody_takes_is_said_anew_ever_more_seldom(desk: Desk) -> None:
    desk.ears.deaf = True
    desk.rows = [stuck()]
    desk.passes(3600)
    assert 5 <= desk.ears.asked <= 20, "no more than every five minutes at last"
    assert desk.value("stagework_alerts_total", outcome="Failed") == desk.ears.asked
    desk.ears.deaf = False
    desk.passes(300)
    assert desk.ears.titles == [STUCK]
    assert desk.value("stagework_alerts_total", outcome="Sent") == 1


def test_a_store_is_told_of_within_half_a_minute(desk: Desk) -> None:
    desk.passes(30)
    desk.checks.health = ServiceHealth(
        history=PartHealth(fault="the database does not answer"), artifacts=PartHealth()
    )
    desk.passes(30)
    assert desk.ears.titles == ["stagework in here: a store is away: history"]
    assert "the database does not answer" in desk.ears.heard[0].text


def test_an_upgrade_of_the_api_service_is_not_told_of(desk: Desk) -> None:
    desk.passes(30)
    desk.checks.reachable = False
    desk.passes(50)
    desk.checks.reachable = True
    desk.passes(300)
    assert desk.ears.titles == []


def test_a_service_that_is_away_is_one_cause_and_nothing_behind_it_is_well(desk: Desk) -> None:
    desk.checks.health = ServiceHealth(
        history=PartHealth(fault="the database does not answer"), artifacts=PartHealth()
    )
    desk.passes(60)
    desk.checks.reachable = False
    desk.passes(600)
    assert desk.ears.titles == [
        "stagework in here: a store is away: history",
        "stagework in here: a store is away: api-service",
    ]


@pytest.mark.parametrize("fault", [ValueError("a bug"), NotLeading("not any more")])
def test_a_round_that_breaks_stops_nobody(desk: Desk, fault: Exception) -> None:
    desk.rows, desk.fault = [stuck()], fault
    desk.passes(60)
    assert desk.ears.titles == []
    desk.fault = None
    desk.passes(60)
    assert desk.ears.titles == [STUCK]


async def test_metrics_show_the_situation_and_nothing_once_another_leads(desk: Desk) -> None:
    desk.rows, alerts = [stuck()], await RememberedAlerts.from_memory(desk.ears, desk.memory)
    await desk.watch.round(alerts)
    assert desk.value("stagework_alerts_open") == 1
    assert desk.value("stagework_store_up", store="history") == 1
    desk.checks.reachable = False
    await desk.watch.round(alerts)
    assert desk.value("stagework_store_up", store="api-service") == 0
    assert desk.value("stagework_store_up", store="history") is None
    desk.metrics.clear()
    assert desk.value("stagework_store_up", store="api-service") is None
    assert EVERY_SECONDS <= 10
