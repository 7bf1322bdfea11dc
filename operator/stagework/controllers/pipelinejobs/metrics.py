"""Metrics of runs: how stages end, and what waits for a machine."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stagework.controllers.pipelinejobs.queue_numbers import QueueNumbers
from stagework.plans.pipelinejob.transitions import AttemptEnded, StageEnded
from stagework.plans.plan import Fact
from stagework.plans.transitions import Recovered, Recovery


class StageMetrics:
    """How stages end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.stage_duration_seconds = Histogram(
            "stagework_stage_duration_seconds",
            "Time from a container's start to its end, of the stage's last attempt.",
            ["stage", "machine", "outcome"],
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400),
            registry=registry,
        )
        self.stage_attempts_total = Counter(
            "stagework_stage_attempts_total",
            "Attempts that ended, by how they ended.",
            ["stage", "outcome"],
            registry=registry,
        )
        self.orphans_recovered_total = Counter(
            "stagework_orphans_recovered_total",
            "Stages whose process had gone, or was ended from outside, by how they were recovered.",
            ["how", "cause", "machine"],
            registry=registry,
        )
        for how in get_args(Recovery):
            self.orphans_recovered_total.labels(how, "", "")

    def record(self, facts: Iterable[Fact]) -> None:
        """Count what has happened to a run."""
        for fact in facts:
            self._count(fact)

    def _count(self, fact: Fact) -> None:
        match fact:
            case Recovered(how, cause, machine):
                self.orphans_recovered_total.labels(how, cause, machine).inc()
            case AttemptEnded(stage, reason=reason, begun=True):
                self.stage_attempts_total.labels(stage, reason).inc()
            case StageEnded(stage, outcome=outcome, machine=machine, seconds=seconds):
                self.stage_attempts_total.labels(stage, outcome).inc()
                if seconds is not None:
                    self.stage_duration_seconds.labels(stage, machine, outcome).observe(seconds)
            case _:
                pass


class QueueMetrics:
    """What waits for a machine: how many stages, and the oldest since when."""

    def __init__(
        self,
        registry: CollectorRegistry,
        wall_clock: Callable[[], datetime],
        numbers: QueueNumbers,
    ) -> None:
        """`numbers`: those of the board."""
        self.numbers = numbers
        self.stage_queue_depth = Gauge(
            "stagework_stage_queue_depth",
            "Stages that wait for a slot of a machine class.",
            ["machine"],
            registry=registry,
        )
        self.oldest_pending_seconds = Gauge(
            "stagework_oldest_pending_seconds",
            "How long the stage that waits longest for a slot or node of a class could have run.",
            ["machine"],
            registry=registry,
        )
        self._wall_clock = wall_clock
        self._lengths: dict[str, int] = {}
        self._pending: dict[str, dict[str, datetime]] = {}

    def clear(self) -> None:
        """Nobody waits, as far as this process knows."""
        for runs in self._pending.values():
            runs.clear()
        self.numbers.clear()

    def forget(self, run_uid: str) -> None:
        """The run is gone, or goes with its namespace."""
        self.waits(run_uid, {})
        self.numbers.forget(run_uid)

    def waits(self, run_uid: str, since: Mapping[str, datetime]) -> None:
        """Machine classes that a run waits for, and since when; replaces what was said before."""
        for machine in since:
            if machine not in self._pending:
                self._follow(machine)
        for machine, runs in self._pending.items():
            if machine in since:
                runs[run_uid] = since[machine]
            else:
                runs.pop(run_uid, None)

    def lengths(self, waiting: Mapping[str, int]) -> None:
        """Stages that wait for a slot, by machine class."""
        for machine, length in waiting.items():
            if self._lengths.get(machine) != length:
                if machine not in self._pending:
                    self._follow(machine)
                self._lengths[machine] = length
                self.stage_queue_depth.labels(machine).set(length)

    def _follow(self, machine: str) -> None:
        """Show the age of a class's oldest from now on; it is worked out when it is asked for."""
        runs = self._pending[machine] = {}

        def age() -> float:
            # Asked from another thread: a copy first, in one step.
            oldest = min(list(runs.values()), default=None)
            return (
                0.0 if oldest is None else max(0.0, (self._wall_clock() - oldest).total_seconds())
            )

        self.oldest_pending_seconds.labels(machine).set_function(age)
