"""Start what may start: decide for one stage that has not begun what is to be done next.

Level-based: whatever exists already (Job, held Pod) is taken up; nothing is done twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.machines import MachineClass
from stagework.api.observed import JobView, PodView
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.children.stage_job import StageJob
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.children import AttemptObjects, delete_job
from stagework.plans.pipelinejob.inputs import inputs_document
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.pipelinejob.stage_view import refusal_of, refused_reason
from stagework.plans.plan import Create, PlanBuilder, Purpose, Ungate
from stagework.policies.slots import Granted, Paused, Queued, Turn
from stagework.policies.stage_order import Blocked, may_start

POD_WAIT = timedelta(seconds=20)
"""A Job without a Pod at its turn is recreated after this long: a quota may have refused it."""
REFUSED_WAIT = timedelta(seconds=10.5)
"""A Job that was refused for a cause that may pass is tried again after this long."""
RECREATED_WAIT = timedelta(seconds=1)
"""Between the removal of a Job and the making of the next one."""


@dataclass(frozen=True)
class Starter:
    """What starting needs to know about the run."""

    snapshot: Snapshot
    resolved: Resolved
    params: dict[str, str]
    builder: PlanBuilder
    now: datetime

    def advance(
        self, stage: Stage, objects: AttemptObjects, turn: Turn | None, states: States
    ) -> StageStatus:
        """The stage's status after what is to be done next: in most cases what it waits for."""
        status = states[stage.name]
        if status.pod or status.stopping is not None or status.ended or objects.ungated:
            return status
        if status.pod_missed:
            return status
        verdict = may_start(stage.name, self.resolved.dependencies, states)
        if isinstance(verdict, Blocked):
            blockers = ", ".join(verdict.pending)
            return edits.waiting(status, names.WAIT_DEPENDENCY, f"waits for {blockers}")
        if self.snapshot.run.spec.suspend:
            hint = "the run is suspended: set spec.suspend=false"
            return edits.waiting(status, names.WAIT_SUSPENDED, hint)
        if status.notBeforeTime is not None and self.now < status.notBeforeTime:
            self.builder.wake(status.notBeforeTime)
            return status if status.reason == names.WAIT_DEFERRED else edits.backing_off(status)
        match turn:
            case Granted(machine):
                taken = self._take_turn(status, stage, objects, machine, states)
                return (
                    taken
                    if taken.pod
                    else _stuck_after_grace(taken, self.snapshot, self.builder, self.now)
                )
            case Queued():
                return self._queued(status, stage, objects, turn)
            case Paused():
                return status  # with what kept it from using its turn
            case None:
                return _without_node(
                    status, stage, _classes(self.snapshot, stage), self.builder, self.now
                )

    def prepare(
        self, status: StageStatus, stage: Stage, objects: AttemptObjects, machine: str
    ) -> None:
        """Make the Job ahead of its turn, its Pod held; what was refused is left for its turn."""
        there = objects.job is not None or objects.pod is not None
        if there or self._being_made(stage.name) or refusal_of(self.snapshot, status) is not None:
            return
        self._create(status, stage, machine)

    def _being_made(self, stage: str) -> bool:
        created = (a for a in self.builder.actions if isinstance(a, Create))
        return any(a.purpose is not None and a.purpose.name == stage for a in created)

    def _queued(
        self, status: StageStatus, stage: Stage, objects: AttemptObjects, turn: Queued
    ) -> StageStatus:
        if turn.near:
            self.prepare(status, stage, objects, turn.machine)
        classes = _classes(self.snapshot, stage)
        # While its first class is away, its time in the next one's queue counts on.
        since = status.waitingSince if not self.snapshot.slots.get(classes[0]) else None
        return edits.waiting(status, names.WAIT_SLOT, queue_sentence(turn), since)

    def _take_turn(
        self,
        status: StageStatus,
        stage: Stage,
        objects: AttemptObjects,
        machine: str,
        states: States,
    ) -> StageStatus:
        granted = edits.granted(status, machine, self.now)
        job, pod = objects.job, objects.pod
        if job is None:
            return self._without_job(granted, stage, machine)
        if job.metadata.leaving or job.ended:
            return granted
        granted = edits.with_job(granted, job.metadata.name)
        if pod is None:
            return self._wait_for_pod(granted, job)
        if pod.metadata.leaving:
            return granted
        if not self._fits(job, machine):
            return self._recreate(granted, job)
        self.builder.actions.append(self._ungate(stage.name, pod, machine, states))
        return edits.ungated(granted, pod.metadata.uid)

    def _without_job(self, status: StageStatus, stage: Stage, machine: str) -> StageStatus:
        refusal = refusal_of(self.snapshot, status)
        if refusal is not None:  # its start deadline runs: a quota may never let it in
            self.builder.wake(self.now + REFUSED_WAIT)
            return edits.job_refused(status, refused_reason(refusal), refusal.message)
        self.builder.wake(self.now + POD_WAIT)
        return edits.with_job(status, self._create(status, stage, machine))

    def _ungate(self, stage: str, pod: PodView, machine: str, states: States) -> Ungate:
        meta, chosen = pod.metadata, self._machine(machine)
        inputs = inputs_document(stage, chosen, self.resolved.dependencies, states)
        return Ungate(
            pod=ObjectRef(PODS, meta.namespace, meta.name, meta.uid, meta.resourceVersion),
            gate=names.SCHEDULING_GATE,
            node_selector=dict(chosen.nodeSelector),
            labels={names.LABEL_MACHINE: machine},
            annotations={names.ANNOTATION_INPUTS: inputs},
        )

    def _wait_for_pod(self, status: StageStatus, job: JobView) -> StageStatus:
        since = _waits_since(status, job, self.now)
        if self.now >= since + POD_WAIT:
            return self._recreate(status, job)
        self.builder.wake(since + POD_WAIT)
        return status

    def _recreate(self, status: StageStatus, job: JobView) -> StageStatus:
        self.builder.actions.append(delete_job(job))
        self.builder.wake(self.now + RECREATED_WAIT)
        return edits.recreated(status)

    def _create(self, status: StageStatus, stage: Stage, machine: str) -> str:
        settings = self.snapshot.settings
        job = StageJob(
            run=self.snapshot.run,
            stage=stage,
            attempt=status.attempt,
            recreations=status.remakes,
            machine=self._machine(machine),
            params=self.params,
            fleet=settings.fleet,
            defaults=settings.pod_defaults,
        )
        purpose = Purpose(stage.name, status.attempt)
        self.builder.actions.append(Create(JOBS, job.name, job.manifest(), purpose))
        return job.name

    def _machine(self, key: str) -> MachineClass:
        known = self.snapshot.settings.fleet.find(key)
        return known or MachineClass(key=key, nodeSelector={names.LABEL_MACHINE: key})

    def _fits(self, job: JobView, machine: str) -> bool:
        """A Pod's resources cannot be changed: a class with others needs another Job."""
        made_for = job.metadata.labels.get(names.LABEL_MACHINE, "")
        return (
            made_for == machine
            or self._machine(made_for or machine).resources == self._machine(machine).resources
        )


def _classes(snapshot: Snapshot, stage: Stage) -> tuple[str, ...]:
    return snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))


def _without_node(
    status: StageStatus, stage: Stage, classes: tuple[str, ...], builder: PlanBuilder, now: datetime
) -> StageStatus:
    since = status.waitingSince or now
    fallback = stage.fallbackAfterSeconds
    until = since + timedelta(seconds=fallback) if fallback is not None else None
    if until is not None and until > now:
        builder.wake(until)
    counted = classes if until is not None and until <= now else classes[:1]
    message = f"no ready node of class {' or '.join(counted)}"
    return edits.waiting(status, names.WAIT_NO_NODE, message, since)


def _stuck_after_grace(
    status: StageStatus, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> StageStatus:
    """Without a Pod to be ungated it gives its slot back, and goes on trying to get one."""
    until = (status.turnTime or now) + snapshot.settings.start_grace
    if now >= until:
        return edits.stuck(status)
    builder.wake(until)
    return status


def _waits_since(status: StageStatus, job: JobView, now: datetime) -> datetime:
    """Since when it has its turn and this Job; the API server's clock may be ahead of ours."""
    turn, made = status.turnTime or now, job.metadata.creation_timestamp
    return made if turn < made <= now else turn
