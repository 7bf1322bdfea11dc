"""Metrics of schedules: how late their runs are, and which slots got none."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from stagework.plans.plan import Fact
from stagework.plans.scheduledjob.facts import SlotBegun, SlotsMissed


class ScheduleMetrics:
    """What was measured."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag_seconds = Histogram(
            "stagework_schedule_lag_seconds",
            "Time from a slot of a ScheduledJob, its jitter over, to when its run was made.",
            buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400),
            registry=registry,
        )
        self.missed_total = Counter(
            "stagework_schedule_slots_missed_total",
            "Slots of ScheduledJobs that got no run, for they were too late or too many.",
            registry=registry,
        )

    def record(self, facts: Iterable[Fact]) -> None:
        """Count what has happened to a schedule."""
        for fact in facts:
            match fact:
                case SlotBegun(lag_seconds):
                    self.lag_seconds.observe(lag_seconds)
                case SlotsMissed(count):
                    self.missed_total.inc(count)
                case _:
                    pass
