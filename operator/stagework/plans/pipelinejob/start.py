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
from stagework.plans.pipelinejob.causes import Causes
from stagework.plans.pipelinejob.children import AttemptObjects, delete_job
from stagework.plans.pipelinejob.held_back import SUSPENDED, held_back
from stagework.plans.pipelinejob.job_maker import JobMaker
from stagework.plans.pipelinejob.pod_wait import waits_since
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
from stagework.policies.slots.turn import Granted, Queued

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
        if isinstance(turn, Queued) and turn.near:
            status = self.prepare(status, stage, objects, turn.machine)
        held = held_back(
            status,
            stage,
            self.snapshot,
            self.resolved.dependencies,
            states,
            turn=turn,
            builder=self.builder,
            now=self.now,
        )
        if held is not None or not isinstance(turn, Granted):
            return held or status  # one that is paused stays with what kept it from its turn
        taken = self._take_turn(status, stage, objects, turn.machine, states)
        if taken.pod:
            return taken
        causes = Causes(self.snapshot, self.builder, self.now)
        return self._stuck_after_grace(causes.of_no_pod(status, taken, objects))

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
