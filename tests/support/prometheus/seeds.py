"""Our own metrics, registered by the operator's own code, of a day on which all goes wrong."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import CollectorRegistry

from stagework.alerts.alerts import Sending
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.controllers.alerting.metrics import AlertMetrics
from stagework.controllers.facts.metrics import FactMetrics
from stagework.controllers.metrics import Metrics
from stagework.controllers.pipelinejobs.metrics import QueueMetrics, StageMetrics
from stagework.controllers.pipelinejobs.queue_numbers import QueueNumbers
from stagework.controllers.scheduledjobs.metrics import ScheduleMetrics
from stagework.overview.alert_rules import MissedSchedule, OrphanSeen, Situation, StoreSeen
from stagework.plans.pipelinejob.transitions import StageEnded
from stagework.plans.scheduledjob.facts import SlotBegun, SlotsMissed
from stagework.plans.transitions import Recovered
from tests.support.builders import make_run, make_status
from tests.support.builders.queue import old_places


class Exposed:
    """Everything that one operator registers."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, "1.2.3")
        self.stages = StageMetrics(self.registry)
        self.numbers = QueueNumbers(self.registry, old_places(), lambda: datetime.now(UTC))
        self.queue = QueueMetrics(self.registry, lambda: datetime.now(UTC), self.numbers)
        self.facts = FactMetrics(self.registry)
        self.facts.waiting(lambda: 3)
        self.schedules = ScheduleMetrics(self.registry)
        self.alerts = AlertMetrics(self.registry)
        self.metrics.leads(now=False)
        self.is_seeded = False

    def seed(self) -> None:
        """Waiting, running, deferred, stuck, done and failed work; orphans, stores, schedules."""
        early = self.now - timedelta(hours=20)
        self._note("wait", make_status("extract", "Waiting", reason="NoFreeSlot"), early)
        self._note("run", make_status("extract", "Running", machine="gpu", turnTime=self.now))
        self._note("night", make_status("deep_summary", "Deferred", reason="MachineAway"), early)
        self._note("stuck", make_status("embed", "Stuck", machine="gpu", turnTime=early), early)
        ended = {"machine": "gpu", "startTime": early, "completionTime": self.now}
        for number in range(3):
            self._note(f"done-{number}", make_status("extract", "Succeeded", **ended))
        for number in range(9):
            self._note(f"bad-{number}", make_status("extract", "Failed", **ended))
        self.queue.waits("wait", {"gpu": early})
        self.queue.lengths({"gpu": 1})
        orphan = OrphanSeen("team", "lost", "ocr", 1, self.now)
        missed = MissedSchedule("team", "nightly", self.now)
        faults = {"api-service": "down", "history": "down", "artifacts": ""}
        stores = [StoreSeen(name, fault, early) for name, fault in faults.items()]
        self.alerts.show(Situation((), [orphan], [missed], stores), self.now)
        self.alerts.open(4)
        self.is_seeded = True
        self.go_on()

    def go_on(self) -> None:
        """What is counted goes on."""
        self.stages.record(
            [
                StageEnded("extract", 1, "Succeeded", "gpu", 12.0),
                StageEnded("embed", 1, "Failed", "gpu", 3.0),
                Recovered("NewAttempt", "PodRemoved", "gpu"),
                Recovered("GivenUp", "NodeLost", "gpu"),
            ]
        )
        self.schedules.record([SlotBegun(0.2), SlotsMissed(1)])
        self.facts.posted(5)
        self.metrics.reconciled(0.004)
        self.metrics.on_request("PATCH", "pipelinejobs", 200, 0.01)
        for sending in (Sending.SENT, Sending.FAILED):
            self.alerts.count(sending)

    def _note(self, name: str, stage: StageStatus, created: datetime | None = None) -> None:
        status = PipelineJobStatus(summary="Running", stages=[stage])
        run = make_run(name=name, uid=name, status=status, created=created or self.now)
        seen = SimpleNamespace(run=run, resolved=None)
        self.numbers.note(cast("Any", seen), status)
