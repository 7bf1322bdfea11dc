"""Metrics of batches: items and chunks, by what has become of them."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from stagework.plans.batch.facts import ChunkCounted, ItemsCounted
from stagework.plans.plan import Fact


class BatchMetrics:
    """What was counted; an item that is run again and then done counts as done once more."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.items_total = Counter(
            "stagework_batch_items_total",
            "Items of batches that ended, by what has become of them.",
            ["outcome"],
            registry=registry,
        )
        self.chunks_total = Counter(
            "stagework_batch_chunks_total",
            "Runs of chunks, by how they ended.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("Done", "Failed", "Skipped"):
            self.items_total.labels(outcome)
        for outcome in ("Succeeded", "Failed"):
            self.chunks_total.labels(outcome)

    def record(self, facts: Iterable[Fact]) -> None:
        """Count what has happened to a batch."""
        for fact in facts:
            match fact:
                case ItemsCounted(done, failed, skipped):
                    changes = {"Done": done, "Failed": failed, "Skipped": skipped}
                    for outcome, change in changes.items():
                        # A counter never goes back: an item that was failed before is done now.
                        self.items_total.labels(outcome).inc(max(0, change))
                case ChunkCounted(outcome):
                    self.chunks_total.labels(outcome).inc()
                case _:
                    pass
