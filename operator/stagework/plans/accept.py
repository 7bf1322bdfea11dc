"""First sight of a run: can it start? Then its stages are kept for good, before anything is made."""

from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, StageStatus
from stagework.children.revision import revision_of
from stagework.plans.plan import Action, CreateRevision, Event, Plan
from stagework.plans.run_status import conditions_for
from stagework.plans.snapshot import Resolved, Snapshot
from stagework.policies.validity import faults

PIPELINE_GRACE = timedelta(seconds=60)
"""A missing Pipeline makes the run Stalled only after this long: it may be applied just behind."""


def accept(snapshot: Snapshot, now: datetime) -> Plan:
    """Accept the run, refuse it for good, or wait for its Pipeline."""
    resolved = _resolve(snapshot)
    if resolved is None:
        return _without_pipeline(snapshot, now)
    found = faults(
        resolved.stages, resolved.params, snapshot.run.spec.params, snapshot.settings.fleet
    )
    if found:
        return _refused(snapshot.run, found, now)
    return _accepted(snapshot, resolved, now)


def unreadable(run: PipelineJob, message: str, now: datetime) -> Plan:
    """A run whose spec passed an older schema: refused for good, nobody else is disturbed."""
    return _refused(run, [message], now)


def revision_lost(run: PipelineJob, now: datetime) -> Plan:
    """Somebody deleted the ControllerRevision: without it the run cannot go on."""
    message = f"the ControllerRevision {run.status.pipelineRevision} is gone: make a new run"[:256]
    conditions = conditions_for(run, "Unknown", names.REVISION_LOST, message, now, stalled=True)
    update = {"conditions": conditions, "summary": names.REVISION_LOST, "message": message}
    return Plan(status=run.status.model_copy(update=update), urgent=True)


def _resolve(snapshot: Snapshot) -> Resolved | None:
    spec = snapshot.run.spec
    if spec.stages is not None:
        return Resolved(spec.stages, None)
    if snapshot.pipeline is None:
        return None
    return Resolved(snapshot.pipeline.spec.stages, snapshot.pipeline.spec.params)


def _accepted(snapshot: Snapshot, resolved: Resolved, now: datetime) -> Plan:
    run = snapshot.run
    actions: list[Action] = []
    revision = ""
    if snapshot.pipeline is not None and run.spec.pipelineRef is not None:
        kept = revision_of(
            run.spec.pipelineRef.name, run.metadata.namespace, snapshot.pipeline.spec
        )
        revision = kept.name
        actions.append(CreateRevision(kept.name, kept.manifest))
    stages = [StageStatus(name=each.name) for each in resolved.stages]
    status = PipelineJobStatus(
        observedGeneration=run.metadata.generation,
        conditions=conditions_for(run, "Unknown", names.QUEUED, "accepted", now),
        summary=names.QUEUED,
        message="accepted",
        progress=f"0/{len(stages)}",
        stage=stages[0].name,
        pipelineRevision=revision,
        startTime=now,
        stages=stages,
    )
    return Plan(actions=tuple(actions), status=status, urgent=True, wake_at=now)


def _refused(run: PipelineJob, found: list[str], now: datetime) -> Plan:
    message = "; ".join(found)[:256]
    status = PipelineJobStatus(
        observedGeneration=run.metadata.generation,
        conditions=conditions_for(run, "False", names.INVALID_SPEC, message, now),
        summary=names.INVALID_SPEC,
        message=message,
        completionTime=now,
    )
    event = Event(names.EVENT_INVALID, message, "Warning")
    return Plan(status=status, urgent=True, events=(event,))


def _without_pipeline(snapshot: Snapshot, now: datetime) -> Plan:
    run = snapshot.run
    name = run.spec.pipelineRef.name if run.spec.pipelineRef is not None else ""
    until = run.metadata.creationTimestamp + PIPELINE_GRACE
    message = (
        f"no Pipeline {name!r} in namespace {run.metadata.namespace}; "
        f"see `kubectl get pipelines.{names.GROUP} -n {run.metadata.namespace}`"
    )[:256]
    stalled = now >= until
    status = PipelineJobStatus(
        observedGeneration=run.metadata.generation,
        conditions=conditions_for(
            run, "Unknown", names.PIPELINE_NOT_FOUND, message, now, stalled=stalled
        ),
        summary=names.PIPELINE_NOT_FOUND,
        message=message,
    )
    return Plan(status=status, urgent=True, wake_at=None if stalled else until)
