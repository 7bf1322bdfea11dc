"""Record in a stage's status how its attempt has ended: committed, tried again, or given up."""

from datetime import datetime

from stagework.api import names
from stagework.api.stage_status import WITH_ITS_RUN, Commit, StageStatus
from stagework.api.stages import Stage
from stagework.api.text import sentence
from stagework.plans.pipelinejob import edits
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.transitions import Recovered
from stagework.policies.outcome import Deferred, Done, Ended, Failed, Interrupted
from stagework.policies.retry import RetryAt, after_deferral, after_failure, after_interruption

_FINAL = frozenset({names.INVALID_IMAGE_NAME, names.START_ERROR})
"""Verdicts that a new attempt would only repeat, or that end the run."""


def record(
    status: StageStatus,
    stage: Stage,
    end: Ended,
    commit: Commit | None,
    *,
    builder: PlanBuilder,
    ended: datetime,
    now: datetime,
) -> StageStatus:
    """Write down how the attempt ended, at the time when it ended; what follows counts from now."""
    match end:
        case Done(skipped, reason, message):
            state = "Skipped" if skipped else "Succeeded"
            return edits.committed(status, state, reason, message, commit=commit, at=ended)
        case Interrupted():
            return _after_interruption(status, end, builder, ended=ended, now=now)
        case Deferred():
            return _after_deferral(status, end, builder, now)
        case Failed():
            return _after_failure(status, stage, end, builder, ended=ended, now=now)


def record_stopped(
    status: StageStatus, stage: Stage, builder: PlanBuilder, *, ended: datetime, now: datetime
) -> StageStatus:
    """The attempt was ended by the operator: the recorded verdict counts, whatever the Pod says."""
    verdict = status.stopping
    if verdict is None:
        raise ValueError(f"stage {status.name} has no recorded verdict")
    if verdict.reason == names.SKIPPED_BY_PERSON:
        return edits.skipped(status, verdict.message, ended, status.skip)
    if verdict.reason in WITH_ITS_RUN:
        return edits.stopped(status, verdict.reason, verdict.message, ended)
    if verdict.reason == names.RETRIED_BY_PERSON:
        return edits.renewed(status, verdict.reason, verdict.message)
    final = verdict.reason in _FINAL
    end = Failed(verdict.reason, verdict.message, final=final)
    return _after_failure(status, stage, end, builder, ended=ended, now=now)


def _after_failure(
    status: StageStatus,
    stage: Stage,
    end: Failed,
    builder: PlanBuilder,
    *,
    ended: datetime,
    now: datetime,
) -> StageStatus:
    failures = edits.next_count(status.failures)
    verdict = after_failure(stage, failures, now)
    cause = f"{end.reason}: {end.message}".removesuffix(": ")
    where = f"stage {stage.name}, attempt {status.attempt}: {cause}"
    if end.final or not isinstance(verdict, RetryAt):
        builder.events.append(Event(names.EVENT_STAGE_FAILED, where, "Warning"))
        counts = {"failures": failures, "interruptions": status.interruptions}
        return edits.failed(status, end.reason, end.message, at=ended, **counts)
    wait = round((verdict.moment - now).total_seconds())
    text = f"{where}; next attempt in {wait} s"
    builder.events.append(Event(names.EVENT_STAGE_FAILED, text, "Warning"))
    message = sentence(f"attempt {status.attempt}: {cause}")
    counted = status.evolve(failures=failures)
    return edits.next_attempt(counted, names.WAIT_BACKOFF, message, verdict.moment)


def _after_interruption(
    status: StageStatus, end: Interrupted, builder: PlanBuilder, *, ended: datetime, now: datetime
) -> StageStatus:
    interruptions = edits.next_count(status.interruptions)
    verdict = after_interruption(interruptions, now)
    where = f"stage {status.name}, attempt {status.attempt}: {sentence(end.message)}"
    builder.events.append(Event(names.EVENT_INTERRUPTED, where, "Warning"))
    if not isinstance(verdict, RetryAt):
        counts = {"failures": status.failures, "interruptions": interruptions}
        return edits.failed(status, verdict.reason, end.message, at=ended, **counts)
    builder.facts.append(Recovered("NewAttempt"))
    message = sentence(f"attempt {status.attempt} was interrupted: {end.message}")
    counted = status.evolve(interruptions=interruptions)
    return edits.next_attempt(counted, names.WAIT_BACKOFF, message, verdict.moment)


def _after_deferral(
    status: StageStatus, end: Deferred, builder: PlanBuilder, now: datetime
) -> StageStatus:
    deferrals = edits.next_count(status.deferrals)
    verdict = after_deferral(deferrals, now)
    cause = f"{end.reason}: {end.message}".removesuffix(": ")
    wait = round((verdict.moment - now).total_seconds())
    where = f"stage {status.name}, attempt {status.attempt}: {cause}; starts again in {wait} s"
    builder.events.append(Event(names.EVENT_DEFERRED, where))
    counted = status.evolve(deferrals=deferrals)
    return edits.next_attempt(counted, names.WAIT_DEFERRED, sentence(cause), verdict.moment)
