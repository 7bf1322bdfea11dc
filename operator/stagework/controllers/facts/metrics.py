"""Metrics of what the operator tells history."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class FactMetrics:
    """What waits, what was taken, what was lost."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.facts_waiting = Gauge(
            "stagework_facts_waiting",
            "Facts that the API service has not acknowledged yet.",
            registry=registry,
        )
        self.facts_total = Counter(
            "stagework_facts_total",
            "Facts, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("Posted", "Dropped", "Refused"):
            self.facts_total.labels(outcome)

    def waiting(self, count: Callable[[], int]) -> None:
        """Counted when it is asked for."""
        self.facts_waiting.set_function(count)

    def posted(self, count: int) -> None:
        """So many were acknowledged."""
        self.facts_total.labels("Posted").inc(count)

    def dropped(self) -> None:
        """One had no place in the spool; it is derived again where its run is still there."""
        self.facts_total.labels("Dropped").inc()

    def refused(self) -> None:
        """One will never be taken."""
        self.facts_total.labels("Refused").inc()
