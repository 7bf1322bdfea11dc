"""Prometheus metrics of the operator: every name defined once, with its unit."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stagework.plans.pipelinejob.transitions import AttemptEnded, StageEnded
from stagework.plans.plan import Fact
from stagework.plans.transitions import Recovered, Recovery


class Metrics:
    """All metrics; label values are stage names, machine classes and reasons, never run names."""

    def __init__(
        self,
        registry: CollectorRegistry,
        version: str,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stages = _StageMetrics(registry)
        self.queues = _QueueMetrics(registry, wall)
        self.work = _WorkMetrics(registry)
        self._leader = Gauge(
            "stagework_leader", "1 while this process holds the Lease.", registry=registry
        )
        build = Gauge(
            "stagework_build_info", "Always 1; the label says it.", ["version"], registry=registry
        )
        build.labels(version).set(1)

    def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request to the API server ended (hook of KubeApi)."""
        self.work.request(verb, resource, status, seconds)

    def leads(self, *, now: bool) -> None:
        """This process holds the Lease from now on, or does not any more."""
        self._leader.set(1 if now else 0)
        self.queues.clear()

    def waits_for_room(self, run_uid: str, since: Mapping[str, datetime]) -> None:
        """Machine classes that a run waits for, and since when; replaces what was said before."""
        self.queues.waits(run_uid, since)

    def queue_lengths(self, waiting: Mapping[str, int]) -> None:
        """Stages that wait for a slot, by machine class."""
        self.queues.lengths(waiting)

    def reconciled(self, seconds: float) -> None:
        """One reconcile is over."""
        self.work.reconcile_duration_seconds.observe(seconds)

    def record(self, facts: Iterable[Fact]) -> None:
        """Count what has happened to an object."""
        for fact in facts:
            self.stages.record(fact)


class _StageMetrics:
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
            ["how"],
            registry=registry,
        )
        for how in get_args(Recovery):
            self.orphans_recovered_total.labels(how)

    def record(self, fact: Fact) -> None:
        match fact:
            case Recovered(how):
                self.orphans_recovered_total.labels(how).inc()
            case AttemptEnded(stage, reason=reason, begun=True):
                self.stage_attempts_total.labels(stage, reason).inc()
            case StageEnded(stage, state=state, machine=machine, seconds=seconds):
                self.stage_attempts_total.labels(stage, state).inc()
                if seconds is not None:
                    self.stage_duration_seconds.labels(stage, machine, state).observe(seconds)
            case _:
                pass


class _QueueMetrics:
    """What waits for a machine: how many stages, and the oldest since when."""

    def __init__(self, registry: CollectorRegistry, wall: Callable[[], datetime]) -> None:
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
        self._wall = wall
        self._lengths: dict[str, int] = {}
        self._pending: dict[str, dict[str, datetime]] = {}

    def clear(self) -> None:
        for runs in self._pending.values():
            runs.clear()

    def waits(self, run_uid: str, since: Mapping[str, datetime]) -> None:
        for machine in since:
            if machine not in self._pending:
                self._follow(machine)
        for machine, runs in self._pending.items():
            if machine in since:
                runs[run_uid] = since[machine]
            else:
                runs.pop(run_uid, None)

    def lengths(self, waiting: Mapping[str, int]) -> None:
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
            return 0.0 if oldest is None else max(0.0, (self._wall() - oldest).total_seconds())

        self.oldest_pending_seconds.labels(machine).set_function(age)


class _WorkMetrics:
    """What the operator itself does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reconcile_duration_seconds = Histogram(
            "stagework_reconcile_duration_seconds",
            "Time of one reconcile of an object, writes included.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 15),
            registry=registry,
        )
        self.api_request_duration_seconds = Histogram(
            "stagework_api_request_duration_seconds",
            "Time of requests to the API server; status 0 means that no answer came.",
            ["verb", "resource", "status"],
            buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15),
            registry=registry,
        )
        self._requests: dict[tuple[str, str, int], Histogram] = {}

    def request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        key = (verb, resource, status)
        child = self._requests.get(key)
        if child is None:  # looking one up by its labels costs as much as ten observations
            labelled = self.api_request_duration_seconds.labels(verb, resource, str(status))
            child = self._requests[key] = labelled
        child.observe(seconds)
