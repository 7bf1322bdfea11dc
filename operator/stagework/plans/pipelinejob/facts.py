"""What history shall keep of a run: by what a decision changes, or from its status alone.

The first is exact: when a stage was queued, how an attempt ended that another one follows. The
second is for after a restart, when nobody knows what was told before: it says no more than the
status does, and what it cannot know it leaves open.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.facts import AnyFact, AttemptFact, InterventionFact, Outcome, RunFact
from stagework.api.intervention import Intervention, InterventionStatus
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import EndedAttempt, StageStatus, with_log
from stagework.api.stage_transition import StageTransition, stage_transitions
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from stagework.plans.pipelinejob.transitions import RunEnded, is_turn
from stagework.plans.plan import Answer, Fact, ForHistory
from stagework.plans.transitions import SpecSeen

_OUTCOMES: Final[dict[str, Outcome]] = {
    names.STAGE_SUCCEEDED: "Succeeded",
    names.STAGE_FAILED_STATE: "Failed",
    names.STAGE_SKIPPED: "Skipped",
    names.STAGE_NOT_RUN: "NotRun",
}


_NO_LIMITS: Final[Mapping[str, Any]] = {}
_OF_RUN: Final = (SpecSeen, RunEnded)
"""After these a run as a whole is another matter."""


def with_history(snapshot: Snapshot, plan: RunPlan, now: datetime) -> RunPlan:
    """The plan, and what history shall keep once its status is as good as written."""
    if plan.status is None:
        return plan
    kept = [*_by_change(snapshot, plan.status, plan.facts, now), *_answers(snapshot, plan, now)]
    return plan.with_facts(map(ForHistory, kept)) if kept else plan


def facts_of(run: PipelineJob, at: datetime) -> Iterator[AnyFact]:
    """What its status says; `at`: since when nothing that it says can have been older."""
    yield _run(run, run.status, at)
    for stage in run.status.stages:
        for ended in stage.earlier:
            yield _earlier(run, stage.name, ended, at)
        if stage.active or _counts(stage):
            yield _attempt(run, stage, at, queued=stage.turnTime or stage.startTime)


def fact_of_answer(
    asked: Intervention, run_uid: str, answer: InterventionStatus, at: datetime
) -> InterventionFact:
    """What was asked of a run, and the answer."""
    meta, spec = asked.metadata, asked.spec
    return InterventionFact.unchecked(
        {
            "uid": meta.uid,
            "run": run_uid,
            "at": at,
            "namespace": meta.namespace,
            "name": meta.name,
            "verb": spec.verb,
            "stages": ",".join(spec.stages),
            "by": spec.requestedBy,
            "reason": spec.reason,
            "asked": meta.creationTimestamp,
            "affected": answer.affected,
            "refused": len(answer.refused),
            "answer": answer.summary,
        }
    )


def _by_change(
    snapshot: Snapshot, after: PipelineJobStatus, facts: Iterable[Fact], now: datetime
) -> Iterator[AnyFact]:
    run = snapshot.run
    if any(isinstance(fact, _OF_RUN) or is_turn(fact) for fact in facts):
        yield _run(run, after, now)
    for changed in stage_transitions(run.status.stages, after.stages):
        before, stage = changed.before, changed.after
        if before is not None and changed.attempt_changed and stage.attempt > before.attempt:
            yield _followed(run, before, stage, now)
        queued = _is_queued(stage) and (
            before is None or changed.attempt_changed or not _is_queued(before)
        )
        if queued or changed.started or _has_ended(changed):
            limits = _limits(snapshot, stage.name)
            yield _attempt(run, stage, now, queued=now if queued else None, limits=limits)


def _is_queued(stage: StageStatus) -> bool:
    """Nothing but a machine or its run's own limit is in its way, or not even that."""
    at_limit = stage.waiting and stage.reason == names.WAIT_PARALLELISM
    return stage.wants_machine or stage.active or at_limit


def _counts(stage: StageStatus) -> bool:
    """It has ended, and that says something of it: it was not merely left out, or never due."""
    return stage.ended and not stage.set_aside and stage.state != names.STAGE_NOT_RUN


def _has_ended(changed: StageTransition) -> bool:
    if not changed.ended:
        return False
    was_queued = changed.before is not None and _is_queued(changed.before)
    return was_queued or _counts(changed.after)


def _answers(snapshot: Snapshot, plan: RunPlan, now: datetime) -> Iterator[InterventionFact]:
    if not snapshot.interventions:
        return
    asked = {request.metadata.uid: request for request in snapshot.interventions}
    for action in plan.afterwards:
        if isinstance(action, Answer) and action.intervention.uid in asked:
            request = asked[action.intervention.uid]
            yield fact_of_answer(request, snapshot.run.metadata.uid, action.status, now)


def _run(run: PipelineJob, status: PipelineJobStatus, at: datetime) -> RunFact:
    meta, spec = run.metadata, run.spec
    return RunFact.unchecked(
        {
            "uid": meta.uid,
            "at": at,
            "namespace": meta.namespace,
            "name": meta.name,
            "pipeline": _pipeline(run),
            "title": spec.title,
            "subject": spec.subject,
            "tenant": spec.tenant,
            "priority": spec.priority,
            "created": meta.creationTimestamp,
            "started": status.startTime,
            "ended": status.completionTime if status.ended else None,
            "state": status.summary,
            "message": status.message,
            "stages": len(status.stages),
            "done": status.done_count,
        }
    )


def _pipeline(run: PipelineJob) -> str:
    return run.spec.pipelineRef.name if run.spec.pipelineRef is not None else ""


def _attempt(
    run: PipelineJob,
    stage: StageStatus,
    at: datetime,
    *,
    queued: datetime | None = None,
    limits: Mapping[str, Any] = _NO_LIMITS,
) -> AttemptFact:
    """The current attempt; `limits` says what its stage says."""
    return AttemptFact.unchecked(
        {
            "uid": run.metadata.uid,
            "at": at,
            "namespace": run.metadata.namespace,
            "pipeline": _pipeline(run),
            "stage": stage.name,
            "attempt": stage.attempt,
            "machine": stage.machine,
            "node": stage.node,
            "queued": queued,
            "started": stage.startTime,
            "ended": (stage.completionTime or at) if stage.ended else None,
            "outcome": _outcome(stage),
            "reason": stage.reason if stage.ended else "",
            "message": sentence(with_log(stage.message, stage.logLine)) if stage.ended else "",
            "exitCode": stage.exitCode,
            **limits,
        }
    )


def _outcome(stage: StageStatus) -> Outcome:
    if not stage.ended:
        return ""
    return "Stopped" if stage.stopped else _OUTCOMES[stage.state]


def _limits(snapshot: Snapshot, name: str) -> Mapping[str, Any]:
    """What a stage says of its attempts: where they stand in line first, how many there may be."""
    resolved = snapshot.resolved
    stage = resolved.by_name.get(name) if resolved is not None else None
    if stage is None:
        return _NO_LIMITS
    home = snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))[0]
    return {"home": home, "maxAttempts": stage.retries + 1}


def _followed(
    run: PipelineJob, before: StageStatus, after: StageStatus, now: datetime
) -> AttemptFact:
    """An attempt that another one follows, as it was last, and how it ended."""
    left = next((e for e in reversed(after.earlier) if e.attempt == before.attempt), None)
    fact = _attempt(run, before, now)
    return fact.model_copy(
        update={
            "ended": fact.ended or (left.time if left is not None else None) or now,
            "outcome": fact.outcome or _how(before, after),
            "reason": (left.reason if left is not None else "") or fact.reason or after.reason,
            "message": fact.message or after.message,
            "exitCode": left.exitCode if left is not None else fact.exitCode,
            "followed": True,
        }
    )


def _how(before: StageStatus, after: StageStatus) -> Outcome:
    """By the count that has grown."""
    if after.failures > before.failures:
        return "Failed"
    if after.interruptions > before.interruptions:
        return "Interrupted"
    return "Deferred" if after.deferrals > before.deferrals else "Retried"


def _earlier(run: PipelineJob, stage: str, ended: EndedAttempt, at: datetime) -> AttemptFact:
    """What is left of it in the status: as old as its end, for whoever saw that knows more."""
    return AttemptFact.unchecked(
        {
            "uid": run.metadata.uid,
            "at": ended.time or at,
            "namespace": run.metadata.namespace,
            "pipeline": _pipeline(run),
            "stage": stage,
            "attempt": ended.attempt,
            "ended": ended.time or at,
            "outcome": "Retried",
            "reason": ended.reason,
            "exitCode": ended.exitCode,
            "followed": True,
        }
    )
