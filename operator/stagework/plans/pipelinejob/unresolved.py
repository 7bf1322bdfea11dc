"""A run whose stages are not known (yet): it is accepted, refused or stopped, or it waits.

It waits for its Pipeline, or it was accepted and its revision is lost. A Stop needs no stages: what
waits is not run, what is at work is ended, and nothing else ever follows.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from stagework.api import names
from stagework.api.conditions import Status, conditions_for
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.judgement import Judgement
from stagework.api.kinds import PIPELINEJOB, STOP
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.plans.interventions import Requests, asked_by
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.accept import accept, refused_unknown, revision_lost, seen_again
from stagework.plans.pipelinejob.children import Children
from stagework.plans.pipelinejob.clean_up import after_end, end_recorded
from stagework.plans.pipelinejob.interventions import judge_whole
from stagework.plans.pipelinejob.run_status import run_status
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from stagework.plans.pipelinejob.transitions import events_of, transitions
from stagework.plans.plan import PlanBuilder
from stagework.policies import interventions as policy
from stagework.policies.outcome import over


def unresolved(snapshot: Snapshot, builder: PlanBuilder, now: datetime) -> RunPlan:
    """What is decided about it.

    Requests that came before a run was accepted are judged right after, by the stages that it has
    then; of a run without stages all are refused but a Stop, and a Retry that takes that back.
    """
    fresh = _is_fresh(snapshot)
    if fresh:
        accepted = accept(snapshot, PlanBuilder(), now)
        if accepted.status is not None and accepted.status.stages:
            return accepted
    run, verbs = snapshot.run, RunVerbs(snapshot.run.metadata.generation, now)
    requests = Requests(snapshot.interventions, run.metadata.uid, verbs, snapshot.refusals)
    status, answered = requests.apply(run.status, run.status.answered, builder, now)
    status = status.evolve(answered=answered)
    if status.stages and not run.status.ended:
        status = _stopping(snapshot, status, builder, now)
    if run.status.ended and status.ended:
        # It was refused at first sight, or stopped: only its time to live is left.
        after_end(snapshot, run.status, builder, now)
        return seen_again(run, builder) if status == run.status else builder.plan(status)
    facts = transitions(run.status, status)
    builder.facts.extend(facts)
    builder.events.extend(events_of(facts, run, status))
    if status.ended:
        return builder.plan(status, urgent=True)
    asked = replace(snapshot, run=run.model_copy(update={"status": status}))
    if _is_fresh(asked):
        plan = accept(asked, builder, now)
    else:
        plan = revision_lost(asked.run, builder, now, forged=snapshot.revision_forged)
    if status == run.status:
        return plan
    final = plan.status or status
    return replace(plan, status=final, urgent=True, again_once_stored=final.verdict_pending)


@dataclass(frozen=True)
class RunVerbs:
    """What may be asked of a run as a whole; see `stagework.plans.interventions.Verbs`."""

    generation: int
    now: datetime

    @property
    def words(self) -> tuple[str, ...]:
        """The verbs."""
        return PIPELINEJOB.verbs

    def judge(self, spec: InterventionSpec, state: PipelineJobStatus) -> Judgement:
        """What the request would change, and what of it is refused."""
        if spec.verb == STOP and state.stages:
            return policy.judge(spec, {stage.name: stage for stage in state.stages})
        return judge_whole(spec, state)

    def apply(
        self, request: Intervention, judgement: Judgement, state: PipelineJobStatus
    ) -> PipelineJobStatus:
        """The status after what was asked."""
        by = asked_by(request.spec)
        if request.spec.verb != STOP:
            return self._said(state, "Unknown", names.QUEUED, by).evolve(completionTime=None)
        if not state.stages:
            stopped = self._said(state, "False", names.STOPPED, f"stopped by {by}")
            return stopped.evolve(completionTime=self.now)
        ended = dict.fromkeys(judgement.affected, names.STOPPED_BY_PERSON)
        stages = [
            edits.ended_with_its_run(s, ended[s.name], by) if s.name in ended else s
            for s in state.stages
        ]
        return state.evolve(stages=stages)

    def _said(
        self, state: PipelineJobStatus, succeeded: Status, reason: str, message: str
    ) -> PipelineJobStatus:
        return state.evolve(
            observedGeneration=self.generation,
            conditions=conditions_for(
                state.conditions,
                self.generation,
                succeeded=succeeded,
                reason=reason,
                message=message,
                now=self.now,
            ),
            summary=reason,
            message=message,
        )


def _is_fresh(snapshot: Snapshot) -> bool:
    """It can be accepted, or refused: no stage is known, or nothing follows from one."""
    run = snapshot.run
    ended = run.status.ended and not refused_unknown(run)
    known = bool(run.status.pipelineRevision) and not _can_begin_anew(snapshot)
    stopped = any(stage.stopped for stage in run.status.stages)
    return not (ended or known or stopped or snapshot.revision_forged)


def _can_begin_anew(snapshot: Snapshot) -> bool:
    """Its revision is gone, but nothing follows from it yet, and the Pipeline is there."""
    run = snapshot.run
    jobs = Children(run.metadata, snapshot.jobs, ()).own_jobs(run.status.stages, snapshot.made)
    return snapshot.pipeline is not None and not run.status.begun and not any(True for _ in jobs)


def _stopping(
    snapshot: Snapshot, status: PipelineJobStatus, builder: PlanBuilder, now: datetime
) -> PipelineJobStatus:
    """After a Stop: what was at work is ended along its record; the run ends when all has."""
    if not any(stage.stopped for stage in status.stages):
        return status
    children = Children(snapshot.run.metadata, snapshot.jobs, snapshot.pods)
    stages = [_stopped(snapshot, children, s, builder, now) for s in status.stages]
    if all(stage.ended for stage in stages):
        return run_status(snapshot.run, stages, status.answered, now)
    return status.evolve(stages=stages)


def _stopped(
    snapshot: Snapshot,
    children: Children,
    status: StageStatus,
    builder: PlanBuilder,
    now: datetime,
) -> StageStatus:
    """By its record alone; of a Pod that is gone nothing proves that its process has ended."""
    verdict, own = status.stopping, children.of(status)
    if verdict is None or not status.stopped:
        return status
    if own.pod is not None and over(own.pod):
        return edits.stopped(status, verdict.reason, verdict.message, now)
    if own.pod is None and (own.job is None or own.job.ended):
        left = edits.unproved(status, now) if status.pod else status
        return edits.stopped(left, verdict.reason, verdict.message, now)
    if own.pod is not None and status.pod == own.pod.metadata.uid and not own.ungated:
        status = edits.unchosen(status)
    end_recorded(snapshot, status, own, builder)
    return status
