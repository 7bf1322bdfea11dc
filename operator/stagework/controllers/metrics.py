"""Prometheus metrics of the operator: every name defined once, with its unit."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stagework.api.pipelinejob import PipelineJobStatus, StageStatus
from stagework.plans.plan import Recovery

_ENDED = frozenset({"Succeeded", "Failed", "Skipped"})


class Metrics:
    """All metrics; label values are stage names, machine classes and reasons, never run names."""

    def __init__(
        self,
        registry: CollectorRegistry,
        version: str,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
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
        self.orphans_recovered_total = Counter(
            "stagework_orphans_recovered_total",
            "Stages whose process had gone, or was ended from outside, by how they were recovered.",
            ["how"],
            registry=registry,
        )
        for how in get_args(Recovery):
            self.orphans_recovered_total.labels(how)
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
        self._wall = wall
        self._waiting: dict[str, int] = {}
        self._pending: dict[str, dict[str, datetime]] = {}
        self._requests: dict[tuple[str, str, int], Histogram] = {}
        self.leader = Gauge(
            "stagework_leader", "1 while this process holds the Lease.", registry=registry
        )
        build = Gauge(
            "stagework_build_info", "Always 1; the label says it.", ["version"], registry=registry
        )
        build.labels(version).set(1)

    def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request to the API server ended (hook of KubeApi)."""
        key = (verb, resource, status)
        child = self._requests.get(key)
        if child is None:  # looking one up by its labels costs as much as ten observations
            labelled = self.api_request_duration_seconds.labels(verb, resource, str(status))
            child = self._requests[key] = labelled
        child.observe(seconds)

    def leads(self, *, now: bool) -> None:
        """This process holds the Lease from now on, or does not any more."""
        self.leader.set(1 if now else 0)
        for each in self._pending.values():
            each.clear()

    def waits_for_room(self, run_uid: str, since: Mapping[str, datetime]) -> None:
        """Machine classes that a run waits for, and since when; replaces what was said before."""
        for machine in since:
            if machine not in self._pending:
                self._follow(machine)
        for machine, runs in self._pending.items():
            if machine in since:
                runs[run_uid] = since[machine]
            else:
                runs.pop(run_uid, None)

    def _follow(self, machine: str) -> None:
        """Show the age of a class's oldest from now on; it is worked out when it is asked for."""
        runs = self._pending[machine] = {}

        def age() -> float:
            # Asked from another thread: a copy first, in one step.
            oldest = min(list(runs.values()), default=None)
            return 0.0 if oldest is None else max(0.0, (self._wall() - oldest).total_seconds())

        self.oldest_pending_seconds.labels(machine).set_function(age)

    def reconciled(self, seconds: float) -> None:
        """One reconcile is over."""
        self.reconcile_duration_seconds.observe(seconds)

    def queue_lengths(self, waiting: Mapping[str, int]) -> None:
        """Stages that wait for a slot, by machine class."""
        for machine, length in waiting.items():
            if self._waiting.get(machine) != length:
                if machine not in self._pending:
                    self._follow(machine)
                self._waiting[machine] = length
                self.stage_queue_depth.labels(machine).set(length)

    def moved_on(
        self,
        before: PipelineJobStatus,
        after: PipelineJobStatus,
        recovered: Iterable[Recovery] = (),
    ) -> None:
        """A run's status has changed: count what has ended since, and what was recovered."""
        for how in recovered:
            self.orphans_recovered_total.labels(how).inc()
        known = {each.name: each for each in before.stages}
        for stage in after.stages:
            old = known.get(stage.name)
            if old is None:
                continue
            if stage.attempt > old.attempt and old.pod:
                self.stage_attempts_total.labels(stage.name, stage.reason or "Retried").inc()
            if stage.state in _ENDED and old.state != stage.state:
                self._ended(stage)

    def _ended(self, stage: StageStatus) -> None:
        self.stage_attempts_total.labels(stage.name, stage.state).inc()
        if stage.startTime is not None and stage.completionTime is not None:
            seconds = (stage.completionTime - stage.startTime).total_seconds()
            self.stage_duration_seconds.labels(stage.name, stage.machine, stage.state).observe(
                max(0.0, seconds)
            )
