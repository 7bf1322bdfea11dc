"""Metrics of what alerts are about, beside those of the queue, and of the alerts themselves."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from stagework.alerts.alerts import Sending
from stagework.overview.alert_rules import Situation, recent_missed, recent_orphans


class AlertMetrics:
    """Of the leader; the others show none."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._orphans = Gauge(
            "stagework_orphans_1h",
            "Attempts that were judged in the last 60 minutes to have lost their process.",
            [],
            registry=registry,
        )
        self._missed = Gauge(
            "stagework_schedules_missed_1h",
            "ScheduledJobs of which a slot was missed in the last 60 minutes.",
            [],
            registry=registry,
        )
        self._stores = Gauge(
            "stagework_store_up",
            "1 while the API service, or a store behind it, is well; absent where nobody can say.",
            ["store"],
            registry=registry,
        )
        self._open = Gauge(
            "stagework_alerts_open",
            "What people were told is wrong, and not yet that it is well.",
            [],
            registry=registry,
        )
        self._sent = Counter(
            "stagework_alerts_total",
            "Words to people, by what has become of them.",
            ["outcome"],
            registry=registry,
        )
        for outcome in (Sending.SENT, Sending.FAILED):
            self._sent.labels(_word(outcome))

    def show(self, situation: Situation, now: datetime) -> None:
        """How it stands now."""
        self._orphans.set(len(recent_orphans(situation.orphans, now)))
        self._missed.set(len(recent_missed(situation.missed, now)))
        self._stores.clear()
        for store in situation.stores:
            if store.fault is not None:
                self._stores.labels(store.name).set(0 if store.fault else 1)

    def count(self, sending: Sending) -> None:
        """A word was sent, or nobody has taken it."""
        if sending in (Sending.SENT, Sending.FAILED):
            self._sent.labels(_word(sending)).inc()

    def open(self, number: int) -> None:
        """So many are open."""
        self._open.set(number)

    def clear(self) -> None:
        """This process leads no more, and knows nothing."""
        self._orphans.set(0)
        self._missed.set(0)
        self._open.set(0)
        self._stores.clear()


def _word(sending: Sending) -> str:
    """As outcomes read in all metrics."""
    return sending.name.capitalize()
