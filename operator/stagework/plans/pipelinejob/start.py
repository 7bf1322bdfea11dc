"""Start what may start: decide for one stage that has not begun what is to be done next.

Level-based: whatever exists already (Job, held Pod) is taken up; nothing is done twice. That a Pod
is chosen to run is recorded before its gate is removed (`afterwards`); a chosen Pod that is still
held is ungated by every plan that has its turn, until it is not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from stagework.api import names
from stagework.api.observed import JobView, PodView
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.away import deferred_sentence, no_node_sentence
from stagework.plans.pipelinejob.causes import Causes
from stagework.plans.pipelinejob.children import AttemptObjects, delete_job
from stagework.plans.pipelinejob.held_back import SUSPENDED, held_back
from stagework.plans.pipelinejob.job_maker import JobMaker
from stagework.plans.pipelinejob.pod_wait import waits_since
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.plans.pipelinejob.refused_stages import (
    creation_refused,
    not_changed_reason,
    not_made_reason,
    ungate_refused,
)
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.pipelinejob.start_grace import stuck_after_grace
from stagework.plans.pipelinejob.turns import RunTurn
from stagework.plans.pipelinejob.ungate import ungate
from stagework.plans.plan import Create, PlanBuilder, Ungate
from stagework.policies.parallelism import AtLimit
from stagework.policies.slots.turn import Granted, Paused, Queued

POD_WAIT = timedelta(seconds=20)
"""A Job without a Pod at its turn is recreated after this long: a quota may have refused it."""
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

    @cached_property
    def _jobs(self) -> JobMaker:
        return JobMaker(self.snapshot, self.params, self.builder)

    def advance(
        self, stage: Stage, objects: AttemptObjects, turn: RunTurn | None, states: States
    ) -> StageStatus:
        """The stage's status after what is to be done next: in most cases what it waits for."""
        status = states[stage.name]
        if status.stopping is not None or status.ended or status.pod_missed or objects.ungated:
            return status
        if status.pod:
            return self._with_chosen(status, objects, turn, states)
        snapshot, above = self.snapshot, self.resolved.dependencies
        held = held_back(stage, snapshot, above, states, builder=self.builder, now=self.now)
        if held is not None:
            return held
        match turn:
            case Granted(machine):
                taken = self._take_turn(status, stage, objects, machine, states)
                if taken.pod:
                    return taken
                causes = Causes(self.snapshot, self.builder, self.now)
                said = causes.of_no_pod(status, taken, objects)
                return self._stuck_after_grace(said)
            case Queued():
                return self._queued(status, stage, objects, turn)
            case AtLimit(limit, at_work):
                text = f"parallelism {limit} is used up by {', '.join(at_work)}"
                return edits.waiting(status, names.WAIT_PARALLELISM, text)
            case Paused():
                return status  # with what kept it from using its turn
            case None:
                return _without_node(status, stage, self.snapshot, self.builder, self.now)

    def prepare(
        self, status: StageStatus, stage: Stage, objects: AttemptObjects, machine: str
    ) -> StageStatus:
        """Make the Job ahead of its turn, its Pod held; what was refused is left for its turn.

        Not before a Pod whose turn it is was ungated, nor where a quota refuses what is due.
        """
        there = objects.job is not None or objects.pod is not None or bool(self.snapshot.shortage)
        refused = creation_refused(self.snapshot, status) is not None
        if there or refused or _being_made(self.builder, stage.name):
            return status
        later = self.builder.afterwards
        ungates = any(isinstance(action, Ungate) for action in later)
        return self._jobs.create(status, stage, machine, later if ungates else self.builder.actions)

    def _queued(
        self, status: StageStatus, stage: Stage, objects: AttemptObjects, turn: Queued
    ) -> StageStatus:
        if turn.near:
            status = self.prepare(status, stage, objects, turn.machine)
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
        if pod is None:
            return self._wait_for_pod(granted, job)
        if pod.metadata.leaving:
            return granted
        if not self._jobs.fits(granted, stage, job, machine):
            return self._recreate(granted, job)
        chosen = edits.chosen(granted, pod.metadata.uid)
        self._ungate(chosen, pod, states)
        return chosen

    def _without_job(self, status: StageStatus, stage: Stage, machine: str) -> StageStatus:
        # Asked for in any case: whoever carries it out knows when to try again.
        asked = self._jobs.create(status, stage, machine, self.builder.actions)
        refusal = creation_refused(self.snapshot, status)
        if refusal is None or refusal.race:
            self.builder.wake(self.now + POD_WAIT)
            return asked
        # Its start deadline runs: a quota may never let it in.
        return edits.job_refused(asked, not_made_reason(refusal), refusal.message)

    def _with_chosen(
        self,
        status: StageStatus,
        objects: AttemptObjects,
        turn: RunTurn | None,
        states: States,
    ) -> StageStatus:
        """Ungated at last; what may not be says why, and gives its slot back after a while."""
        if self.snapshot.run.spec.suspend:
            return edits.put_on_hold(status, SUSPENDED)
        has_turn = isinstance(turn, Granted)
        if status.reason == names.WAIT_SUSPENDED and has_turn:
            status = edits.chosen(edits.granted(status, status.machine, self.now), status.pod)
        if has_turn:
            self._ungate(status, objects.pod, states)
        refusal = ungate_refused(self.snapshot, objects)
        if refusal is None:
            return status
        said = edits.refused(status, not_changed_reason(refusal), refusal.message)
        return self._stuck_after_grace(said)

    def _stuck_after_grace(self, status: StageStatus) -> StageStatus:
        """Without a Pod to be ungated it gives its slot back, and goes on trying to get one."""
        since = status.turnTime or self.now
        return stuck_after_grace(status, since, self.snapshot, self.builder, self.now)

    def _ungate(self, status: StageStatus, pod: PodView | None, states: States) -> None:
        """Behind the status that names the Pod: none runs of which that is not on record."""
        if pod is not None and not pod.metadata.leaving and pod.held_by(names.SCHEDULING_GATE):
            machine, run = self._jobs.machine(status.machine), self.snapshot.run.metadata
            above = self.resolved.dependencies
            action = ungate(status.name, pod, machine, run=run, dependencies=above, states=states)
            self.builder.afterwards.append(action)

    def _wait_for_pod(self, status: StageStatus, job: JobView) -> StageStatus:
        since = waits_since(status, self.now)
        if self.now >= since + POD_WAIT:
            return self._recreate(status, job)
        self.builder.wake(since + POD_WAIT)
        return status

    def _recreate(self, status: StageStatus, job: JobView) -> StageStatus:
        self.builder.actions.append(delete_job(job))
        self.builder.wake(self.now + RECREATED_WAIT)
        return edits.recreated(status, self.now)


def _being_made(builder: PlanBuilder, stage: str) -> bool:
    planned = (*builder.actions, *builder.afterwards)
    created = (a for a in planned if isinstance(a, Create))
    return any(a.purpose is not None and a.purpose.name == stage for a in created)


def _classes(snapshot: Snapshot, stage: Stage) -> tuple[str, ...]:
    return snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))


def _without_node(
    status: StageStatus, stage: Stage, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> StageStatus:
    classes, since = _classes(snapshot, stage), status.waitingSince or now
    fallback = stage.fallbackAfterSeconds
    until = since + timedelta(seconds=fallback) if fallback is not None else None
    if until is not None and until > now:
        builder.wake(until)
    counted = classes if until is not None and until <= now else classes[:1]
    home = snapshot.settings.fleet.find(counted[0])
    if home is not None and home.mayBeAway:
        message = deferred_sentence(snapshot, classes, counted, until)
        return edits.machine_away(status, message, since)
    return edits.waiting(status, names.WAIT_NO_NODE, no_node_sentence(snapshot, counted), since)
