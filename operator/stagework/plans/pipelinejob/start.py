"""Start what may start: decide for one waiting stage what is to be done next.

Level-based: whatever exists already (Job, held Pod) is taken up; nothing is done twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.machines import MachineClass
from stagework.api.pipelinejob import StageStatus
from stagework.api.stages import Stage
from stagework.api.text import one_line
from stagework.children.stage_job import StageJob
from stagework.plans.pipelinejob.children import Copy
from stagework.plans.pipelinejob.inputs import inputs_document
from stagework.plans.plan import CreateJob, DeleteJob, Draft, LiftGate
from stagework.plans.pipelinejob.snapshot import Refused, Resolved, Snapshot
from stagework.policies.slots import Granted, Queued, Turn

POD_WAIT = timedelta(seconds=20)
"""A Job without a Pod at its turn is made anew after this long: a quota may have refused it."""
REFUSED_WAIT = timedelta(seconds=10.5)
"""A Job that was refused for a cause that may pass is tried again after this long."""


@dataclass(frozen=True)
class Starter:
    """What starting needs to know about the run."""

    snapshot: Snapshot
    resolved: Resolved
    params: dict[str, str]
    draft: Draft
    now: datetime

    def start(
        self,
        status: StageStatus,
        stage: Stage,
        copy: Copy,
        turn: Turn | None,
        states: dict[str, StageStatus],
    ) -> StageStatus:
        """The stage is due: take its turn, or say what it waits for."""
        if isinstance(turn, Granted):
            return self._take_turn(status, stage, copy, turn.machine, states)
        if isinstance(turn, Queued):
            if turn.position <= turn.slots:
                self.prepare(status, stage, copy, turn.machine)
            message = f"position {turn.position} of {turn.length} for {turn.machine}"
            self.draft.wake(self.now + timedelta(seconds=max(5, turn.position // 2)))
            return waiting(status, names.WAIT_SLOT, message)
        return self._without_node(status, stage)

    def prepare(self, status: StageStatus, stage: Stage, copy: Copy, machine: str) -> None:
        """Make the Job ahead of its turn, its Pod held; what was refused is left for its turn."""
        made = any(isinstance(a, CreateJob) and a.stage == stage.name for a in self.draft.actions)
        if copy.job is None and copy.pod is None and not made and self._refused(status) is None:
            self._create(status, stage, machine)

    def _take_turn(
        self,
        status: StageStatus,
        stage: Stage,
        copy: Copy,
        machine: str,
        states: dict[str, StageStatus],
    ) -> StageStatus:
        turn_time = status.turnTime or self.now
        starting = {"state": "Starting", "machine": machine, "turnTime": turn_time}
        started = status.model_copy(
            update={
                **starting,
                "reason": names.WAIT_POD,
                "message": "",
                "notBeforeTime": None,
            }
        )
        if copy.job is None:
            refused = self._refused(status)
            if refused is not None:  # its start deadline runs: a quota may never let it in
                self.draft.wake(self.now + REFUSED_WAIT)
                said = {"reason": refused.reason, "message": one_line(refused.message)}
                return started.model_copy(update={**said, "job": ""})
            self.draft.wake(self.now + POD_WAIT)
            return started.model_copy(update={"job": self._create(status, stage, machine)})
        if copy.job_leaves or copy.job.ended:
            return started
        started = started.model_copy(update={"job": copy.job.metadata.name})
        if copy.pod is None:
            return self._wait_for_pod(started, copy, turn_time)
        if copy.pod.metadata.deletion_timestamp is not None:
            return started
        if not self._fits(copy, machine):
            return self._remake(started, copy)
        return self._lift(started, stage, copy, machine, states)

    def _lift(
        self,
        status: StageStatus,
        stage: Stage,
        copy: Copy,
        machine: str,
        states: dict[str, StageStatus],
    ) -> StageStatus:
        pod = copy.pod
        if pod is None:
            return status
        meta = pod.metadata
        self.draft.actions.append(
            LiftGate(
                stage=stage.name,
                pod=meta.name,
                pod_uid=meta.uid,
                resource_version=meta.resourceVersion,
                machine=machine,
                node_selector=dict(self._machine(machine).nodeSelector),
                inputs=inputs_document(
                    stage.name, self._machine(machine), self.resolved.dependencies, states
                ),
            )
        )
        lifted = {"pod": meta.uid, "reason": "Scheduling", "waitingSince": None}
        return status.model_copy(update=lifted)

    def _wait_for_pod(self, status: StageStatus, copy: Copy, turn: datetime) -> StageStatus:
        job = copy.job
        if job is None:
            return status
        since = max(turn, job.metadata.creation_timestamp)
        if self.now >= since + POD_WAIT:
            return self._remake(status, copy)
        self.draft.wake(since + POD_WAIT)
        return status

    def _remake(self, status: StageStatus, copy: Copy) -> StageStatus:
        if copy.job is not None:
            meta = copy.job.metadata
            self.draft.actions.append(DeleteJob(meta.name, meta.uid))
        self.draft.wake(self.now + timedelta(seconds=1))
        return status.model_copy(update={"remakes": status.remakes + 1, "job": ""})

    def _refused(self, status: StageStatus) -> Refused | None:
        return self.snapshot.refusals.get((status.name, status.attempt))

    def _create(self, status: StageStatus, stage: Stage, machine: str) -> str:
        settings = self.snapshot.settings
        job = StageJob(
            run=self.snapshot.run,
            stage=stage,
            attempt=status.attempt,
            remakes=status.remakes,
            machine=self._machine(machine),
            params=self.params,
            fleet=settings.fleet,
            defaults=settings.pod_defaults,
        )
        self.draft.actions.append(CreateJob(stage.name, status.attempt, job.name, job.manifest()))
        return job.name

    def _machine(self, key: str) -> MachineClass:
        found = self.snapshot.settings.fleet.find(key)
        return found or MachineClass(key=key, nodeSelector={names.LABEL_MACHINE: key})

    def _fits(self, copy: Copy, machine: str) -> bool:
        """A Pod's resources cannot be changed: a class with others needs another Job."""
        made_for = copy.job.metadata.labels.get(names.LABEL_MACHINE, "") if copy.job else ""
        return (
            made_for == machine
            or self._machine(made_for or machine).resources == self._machine(machine).resources
        )

    def _without_node(self, status: StageStatus, stage: Stage) -> StageStatus:
        classes = self.snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
        since = status.waitingSince or self.now
        fallback = stage.fallbackAfterSeconds
        until = since + timedelta(seconds=fallback) if fallback is not None else None
        if until is not None and until > self.now:
            self.draft.wake(until)
        counted = classes if until is not None and until <= self.now else classes[:1]
        message = f"no ready node of class {' or '.join(counted)}"
        return waiting(status, names.WAIT_NO_NODE, message, since)


def waiting(
    status: StageStatus, reason: str, message: str, since: datetime | None = None
) -> StageStatus:
    """A stage that waits for a stated cause, before its turn."""
    wanted = ("Waiting", reason, one_line(message), "", None, since)
    s = status
    if (s.state, s.reason, s.message, s.machine, s.turnTime, s.waitingSince) == wanted:
        return status
    fields = ("state", "reason", "message", "machine", "turnTime", "waitingSince")
    return status.model_copy(update=dict(zip(fields, wanted, strict=True)))
