"""First sight of a run: can it start? Then its stages are kept, before anything is made."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.conditions import find, of_generation
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.resources import REVISIONS
from stagework.api.stage_status import StageStatus
from stagework.children.revision import revision_of
from stagework.plans.pipelinejob.run_summary import with_summary
from stagework.plans.pipelinejob.snapshot import Resolved, RunPlan, Snapshot, resolved_of
from stagework.plans.pipelinejob.transitions import events_of, transitions
from stagework.plans.plan import Create, Event, Plan, PlanBuilder, Refusal
from stagework.policies.same_cause import is_same_cause
from stagework.policies.validity import faults

PIPELINE_GRACE = timedelta(seconds=60)
"""A missing Pipeline makes the run Stalled only after this long: it may be applied just behind."""


_UNKNOWN = ("Extra inputs are not permitted", "Input should be ")
"""What pydantic says of a field, and of a value, that is not known."""


def accept(snapshot: Snapshot, builder: PlanBuilder, now: datetime) -> RunPlan:
    """Accept the run, refuse it for good, or wait for its Pipeline."""
    resolved = resolve(snapshot)
    if resolved is None:
        return _without_pipeline(snapshot, builder, now)
    run, fleet = snapshot.run, snapshot.settings.fleet
    sentences = faults(resolved.stages, resolved.params, run.spec.params, fleet)
    if sentences:
        return _refused(run, sentences, builder, now)
    return _accepted(snapshot, resolved, builder, now)


def unreadable(run: PipelineJob, message: str, now: datetime) -> RunPlan:
    """A run that no version could read: refused for good, nobody else is disturbed."""
    return _refused(run, [message], PlanBuilder(), now)


def not_understood(run: PipelineJob, fault: str, now: datetime) -> RunPlan:
    """A run that another version's schema let in: it waits for an operator that knows it.

    What is known of its stages stays, and so do its Jobs and Pods: nothing is decided about what
    cannot be read. One that has ended stays as it ended.
    """
    if run.status.ended and not refused_unknown(run):
        return Plan()
    text = f"{fault}; this operator's version does not know it: upgrade the operator"
    status = _stalling(run, names.NOT_UNDERSTOOD, text, now, stalled=True)
    return _written(run, status.evolve(completionTime=None), PlanBuilder())


def refused_unknown(run: PipelineJob) -> bool:
    """Whether an operator before this one has refused it for good without understanding it."""
    status = run.status
    refused = status.summary == names.INVALID_SPEC and not status.stages
    return refused and any(words in status.message for words in _UNKNOWN)


def seen_again(run: PipelineJob, builder: PlanBuilder) -> RunPlan:
    """A run that was refused, after a change that mends nothing: it speaks of the newest spec."""
    generation = run.metadata.generation
    if run.status.observedGeneration == generation:
        return builder.plan(None)
    conditions = of_generation(run.status.conditions, generation)
    status = run.status.evolve(observedGeneration=generation, conditions=conditions)
    return _written(run, status, builder)


def revision_lost(
    run: PipelineJob, builder: PlanBuilder, now: datetime, *, forged: bool = False
) -> RunPlan:
    """Somebody deleted or changed the ControllerRevision: without it the run cannot go on."""
    name = run.status.pipelineRevision
    message = f"the ControllerRevision {name} is gone: make a new run"
    if forged:
        message = f"the ControllerRevision {name} holds other stages than its name says: delete it"
    status = _stalling(run, names.REVISION_LOST, message, now, stalled=True)
    return _written(run, status, builder)


def undecidable(run: PipelineJob, fault: str, now: datetime) -> RunPlan:
    """Deciding about it fails: it says so, once, until it can be decided about again."""
    builder = PlanBuilder()
    text = f"deciding about it fails ({fault}); it is tried again, see the operator's log"
    status = _stalling(run, names.CANNOT_BE_PLANNED, text, now, stalled=True)
    if run.status.summary != names.CANNOT_BE_PLANNED:
        builder.events.append(Event(names.EVENT_CANNOT_BE_PLANNED, status.message, "Warning"))
    return _written(run, status, builder)


def resolve(snapshot: Snapshot) -> Resolved | None:
    """The stages that a run will use once it is accepted; None without its Pipeline."""
    spec = snapshot.run.spec
    if spec.stages is not None:
        return Resolved(spec.stages, None)
    if snapshot.pipeline is None:
        return None
    return resolved_of(snapshot.pipeline.spec)


def _accepted(
    snapshot: Snapshot, resolved: Resolved, builder: PlanBuilder, now: datetime
) -> RunPlan:
    run = snapshot.run
    revision = ""
    if snapshot.pipeline is not None and run.spec.pipelineRef is not None:
        kept = revision_of(
            run.spec.pipelineRef.name, run.metadata.namespace, snapshot.pipeline.spec
        )
        revision = kept.name
        create = Create(REVISIONS, kept.name, kept.manifest)
        builder.actions.append(create)
        refusal = snapshot.refusals.get(create.key)
        if refusal is not None:
            return _without_revision(run, refusal, builder, now)
    stages = [StageStatus(name=stage.name, reason=names.QUEUED) for stage in resolved.stages]
    begun = PipelineJobStatus(
        progress=f"0/{len(stages)}",
        stage=stages[0].name,
        pipelineRevision=revision,
        startTime=now,
        activeSince=now if run.spec.activeDeadlineSeconds is not None else None,
        stages=stages,
        answered=run.status.answered,
    )
    status = with_summary(run, "Unknown", names.QUEUED, "accepted", now, before=begun)
    # Inline stages cannot change. Those of a Pipeline can: which they are must be on record
    # before a Job follows from them.
    builder.wake(now)
    return _written(run, status, builder, urgent=revision != "")


def _refused(
    run: PipelineJob, sentences: Sequence[str], builder: PlanBuilder, now: datetime
) -> RunPlan:
    message = sentence("; ".join(sentences))
    status = with_summary(run, "False", names.INVALID_SPEC, message, now)
    return _written(run, status.evolve(completionTime=now), builder)


def _without_pipeline(snapshot: Snapshot, builder: PlanBuilder, now: datetime) -> RunPlan:
    run = snapshot.run
    name = run.spec.pipelineRef.name if run.spec.pipelineRef is not None else ""
    namespace = run.metadata.namespace
    until = _first_missed(run, now) + PIPELINE_GRACE
    message = (
        f"no Pipeline {name!r} in namespace {namespace}; "
        f"see `kubectl get pipelines.{names.GROUP} -n {namespace}`"
    )
    stalled = now >= until
    if not stalled:
        builder.wake(until)
    status = _stalling(run, names.PIPELINE_NOT_FOUND, message, now, stalled=stalled)
    return _written(run, status, builder)


def _first_missed(run: PipelineJob, now: datetime) -> datetime:
    """Since when its Pipeline is missed: since it was made, and at the latest since we saw that."""
    said = find(run.status.conditions, names.SUCCEEDED)
    missed = said is not None and said.reason == names.PIPELINE_NOT_FOUND
    seen = said.lastTransitionTime if said is not None and missed else now
    return min(run.metadata.creationTimestamp, seen)  # the API server's clock may be ahead


def _without_revision(
    run: PipelineJob, refusal: Refusal, builder: PlanBuilder, now: datetime
) -> RunPlan:
    """Its stages must be kept before anything follows from them; tried again by itself."""
    if refusal.race:
        return builder.plan(None)
    status = _stalling(run, names.REVISION_REFUSED, refusal.message, now, stalled=False)
    return _written(run, status, builder)


def _stalling(
    run: PipelineJob, reason: str, text: str, now: datetime, *, stalled: bool
) -> PipelineJobStatus:
    """It cannot go on."""
    message, before = sentence(text), run.status
    if before.summary == reason and is_same_cause(before.message, message):
        message = before.message
    return with_summary(run, "Unknown", reason, message, now, stalled=stalled)


def _written(
    run: PipelineJob, status: PipelineJobStatus, builder: PlanBuilder, *, urgent: bool = True
) -> RunPlan:
    """The plan; a status that says the same as before is not written again."""
    if status == run.status:
        return builder.plan(None)
    facts = transitions(run.status, status)
    builder.facts.extend(facts)
    builder.events.extend(events_of(facts, run, status))
    return builder.plan(status, urgent=urgent)
