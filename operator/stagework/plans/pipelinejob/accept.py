"""First sight of a run: can it start? Then its stages are kept, before anything is made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.conditions import Condition, Status, conditions_for, of_generation
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, StageStatus
from stagework.api.resources import REVISIONS
from stagework.api.text import one_line
from stagework.children.revision import revision_of
from stagework.plans.pipelinejob.run_status import RUN_MESSAGE_BYTES
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.plan import Action, Create, Event, Plan
from stagework.policies.validity import faults

RunPlan = Plan[PipelineJobStatus]

PIPELINE_GRACE = timedelta(seconds=60)
"""A missing Pipeline makes the run Stalled only after this long: it may be applied just behind."""


def accept(snapshot: Snapshot, now: datetime) -> RunPlan:
    """Accept the run, refuse it for good, or wait for its Pipeline."""
    resolved = _resolve(snapshot)
    if resolved is None:
        return _without_pipeline(snapshot, now)
    run, fleet = snapshot.run, snapshot.settings.fleet
    sentences = faults(resolved.stages, resolved.params, run.spec.params, fleet)
    if sentences:
        return _refused(run, sentences, now)
    return _accepted(snapshot, resolved, now)


def unreadable(run: PipelineJob, message: str, now: datetime) -> RunPlan:
    """A run whose spec passed an older schema: refused for good, nobody else is disturbed."""
    return _refused(run, [message], now)


def seen_again(run: PipelineJob) -> PipelineJobStatus:
    """Status of a refused run after a change that mends nothing: it speaks of the newest spec."""
    generation = run.metadata.generation
    conditions = of_generation(run.status.conditions, generation)
    return run.status.evolve(observedGeneration=generation, conditions=conditions)


def revision_lost(run: PipelineJob, now: datetime) -> RunPlan:
    """Somebody deleted the ControllerRevision: without it the run cannot go on."""
    message = f"the ControllerRevision {run.status.pipelineRevision} is gone: make a new run"
    return _stalling(run, names.REVISION_LOST, message, now, stalled=True)


def _resolve(snapshot: Snapshot) -> Resolved | None:
    spec = snapshot.run.spec
    if spec.stages is not None:
        return Resolved(spec.stages, None)
    if snapshot.pipeline is None:
        return None
    return Resolved(snapshot.pipeline.spec.stages, snapshot.pipeline.spec.params)


def _accepted(snapshot: Snapshot, resolved: Resolved, now: datetime) -> RunPlan:
    run = snapshot.run
    actions: list[Action] = []
    revision = ""
    if snapshot.pipeline is not None and run.spec.pipelineRef is not None:
        kept = revision_of(
            run.spec.pipelineRef.name, run.metadata.namespace, snapshot.pipeline.spec
        )
        revision = kept.name
        actions.append(Create(REVISIONS, kept.name, kept.manifest))
    stages = [StageStatus(name=stage.name, reason=names.QUEUED) for stage in resolved.stages]
    status = PipelineJobStatus(
        observedGeneration=run.metadata.generation,
        conditions=_conditions(run, "Unknown", names.QUEUED, "accepted", now),
        summary=names.QUEUED,
        message="accepted",
        progress=f"0/{len(stages)}",
        stage=stages[0].name,
        pipelineRevision=revision,
        startTime=now,
        stages=stages,
    )
    # Inline stages cannot change. Those of a Pipeline can: which they are must be on record
    # before a Job follows from them.
    return Plan(actions=tuple(actions), status=status, urgent=revision != "", wake_at=now)


def _refused(run: PipelineJob, sentences: Sequence[str], now: datetime) -> RunPlan:
    message = one_line("; ".join(sentences), RUN_MESSAGE_BYTES)
    status = run.status.evolve(
        observedGeneration=run.metadata.generation,
        conditions=_conditions(run, "False", names.INVALID_SPEC, message, now),
        summary=names.INVALID_SPEC,
        message=message,
        completionTime=now,
    )
    event = Event(names.EVENT_INVALID, message, "Warning")
    return Plan(status=status, urgent=True, events=(event,))


def _without_pipeline(snapshot: Snapshot, now: datetime) -> RunPlan:
    run = snapshot.run
    name = run.spec.pipelineRef.name if run.spec.pipelineRef is not None else ""
    namespace = run.metadata.namespace
    until = run.metadata.creationTimestamp + PIPELINE_GRACE
    message = (
        f"no Pipeline {name!r} in namespace {namespace}; "
        f"see `kubectl get pipelines.{names.GROUP} -n {namespace}`"
    )
    stalled = now >= until
    plan = _stalling(run, names.PIPELINE_NOT_FOUND, message, now, stalled=stalled)
    return plan if stalled else replace(plan, wake_at=until)


def _stalling(run: PipelineJob, reason: str, text: str, now: datetime, *, stalled: bool) -> RunPlan:
    """It cannot go on; a status that says the same as before is not written again."""
    message = one_line(text, RUN_MESSAGE_BYTES)
    status = run.status.evolve(
        observedGeneration=run.metadata.generation,
        conditions=_conditions(run, "Unknown", reason, message, now, stalled=stalled),
        summary=reason,
        message=message,
    )
    changed = status != run.status
    return Plan(status=status if changed else None, urgent=changed)


def _conditions(
    run: PipelineJob,
    succeeded: Status,
    reason: str,
    message: str,
    now: datetime,
    *,
    stalled: bool = False,
) -> list[Condition]:
    return conditions_for(
        run.status.conditions,
        run.metadata.generation,
        succeeded=succeeded,
        reason=reason,
        message=message,
        now=now,
        stalled=stalled,
    )
