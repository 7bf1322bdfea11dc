"""First sight of a run: can it start? Then its stages are kept, before anything is made."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, StageStatus
from stagework.api.text import one_line
from stagework.children.revision import revision_of
from stagework.plans.plan import Action, CreateRevision, Event, Plan
from stagework.plans.pipelinejob.run_status import conditions_for
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.policies.validity import faults

MESSAGE_BYTES = 256
"""Longest message of a run."""
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


def seen_again(run: PipelineJob) -> PipelineJobStatus:
    """Status of a refused run after a change that mends nothing: it speaks of the newest spec."""
    generation = run.metadata.generation
    conditions = [
        each.model_copy(update={"observedGeneration": generation}) for each in run.status.conditions
    ]
    update = {"observedGeneration": generation, "conditions": conditions}
    return run.status.model_copy(update=update)


def revision_lost(run: PipelineJob, now: datetime) -> Plan:
    """Somebody deleted the ControllerRevision: without it the run cannot go on."""
    message = f"the ControllerRevision {run.status.pipelineRevision} is gone: make a new run"
    message = one_line(message, MESSAGE_BYTES)
    conditions = conditions_for(run, "Unknown", names.REVISION_LOST, message, now, stalled=True)
    update = {
        "observedGeneration": run.metadata.generation,
        "conditions": conditions,
        "summary": names.REVISION_LOST,
        "message": message,
    }
    return _written_once(run, update)


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
    stages = [StageStatus(name=each.name, reason=names.QUEUED) for each in resolved.stages]
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
    # Inline stages cannot change. Those of a Pipeline can: which they are must be on record
    # before a Job follows from them.
    return Plan(actions=tuple(actions), status=status, urgent=revision != "", wake_at=now)


def _refused(run: PipelineJob, found: list[str], now: datetime) -> Plan:
    message = one_line("; ".join(found), MESSAGE_BYTES)
    update = {
        "observedGeneration": run.metadata.generation,
        "conditions": conditions_for(run, "False", names.INVALID_SPEC, message, now),
        "summary": names.INVALID_SPEC,
        "message": message,
        "completionTime": now,
    }
    event = Event(names.EVENT_INVALID, message, "Warning")
    return Plan(status=run.status.model_copy(update=update), urgent=True, events=(event,))


def _without_pipeline(snapshot: Snapshot, now: datetime) -> Plan:
    run = snapshot.run
    name = run.spec.pipelineRef.name if run.spec.pipelineRef is not None else ""
    until = run.metadata.creationTimestamp + PIPELINE_GRACE
    message = one_line(
        f"no Pipeline {name!r} in namespace {run.metadata.namespace}; "
        f"see `kubectl get pipelines.{names.GROUP} -n {run.metadata.namespace}`",
        MESSAGE_BYTES,
    )
    stalled = now >= until
    conditions = conditions_for(
        run, "Unknown", names.PIPELINE_NOT_FOUND, message, now, stalled=stalled
    )
    update = {
        "observedGeneration": run.metadata.generation,
        "conditions": conditions,
        "summary": names.PIPELINE_NOT_FOUND,
        "message": message,
    }
    return _written_once(run, update, None if stalled else until)


def _written_once(
    run: PipelineJob, update: Mapping[str, object], wake_at: datetime | None = None
) -> Plan:
    """A status that says the same as before is not written again."""
    status = run.status.model_copy(update=update)
    changed = status != run.status
    return Plan(status=status if changed else None, urgent=changed, wake_at=wake_at)
