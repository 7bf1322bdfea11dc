"""Record in a stage's status how its attempt has ended: committed, tried again, or given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.stage_status import WITH_ITS_RUN, Commit, StageStatus, with_log
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.attempt_log import NO_LOG
from stagework.plans.pipelinejob.snapshot import LogAnswer
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.transitions import Recovered
from stagework.policies import outcome
from stagework.policies.outcome import Deferred, Done, Ended, Failed, Interrupted
from stagework.policies.retry import RetryAt, after_deferral, after_failure, after_interruption

_FINAL = frozenset({names.INVALID_IMAGE_NAME, names.START_ERROR})
"""Verdicts that a new attempt would only repeat, or that end the run."""


@dataclass(frozen=True)
class Evidence:
    """What is left of an attempt that has failed."""

    exit_code: int | None = None
    log: LogAnswer = NO_LOG

    def full_message(self, message: str) -> str:
        """The attempt's message; where its log could not be kept, with why."""
        if not self.log.fault:
            return sentence(message)
        return sentence(f"{message}; its log is not kept: {self.log.fault}".removeprefix("; "))


NO_EVIDENCE: Final = Evidence()
"""Its container has not run, or nothing is known of it."""


def record(
    status: StageStatus,
    stage: Stage,
    end: Ended,
    commit: Commit | None,
    *,
    builder: PlanBuilder,
    ended: datetime,
    now: datetime,
    evidence: Evidence = NO_EVIDENCE,
) -> StageStatus:
    """Write down how the attempt ended, at the time when it ended; what follows counts from now."""
    match end:
        case Done(skipped, reason, message):
            state = "Skipped" if skipped else "Succeeded"
            return edits.committed(status, state, reason, message, commit=commit, at=ended)
        case Interrupted():
            return _after_interruption(status, stage, end, builder, ended=ended, now=now)
        case Deferred():
            return _after_deferral(status, end, builder, now)
        case Failed():
            return _after_failure(status, stage, end, evidence, builder, ended=ended, now=now)


def record_stopped(
    status: StageStatus,
    stage: Stage,
    builder: PlanBuilder,
    *,
    ended: datetime,
    now: datetime,
    evidence: Evidence = NO_EVIDENCE,
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
    return _after_failure(status, stage, end, evidence, builder, ended=ended, now=now)


def _after_failure(
    status: StageStatus,
    stage: Stage,
    end: Failed,
    evidence: Evidence,
    builder: PlanBuilder,
    *,
    ended: datetime,
    now: datetime,
) -> StageStatus:
    failures, message = edits.next_count(status.failures), evidence.full_message(end.message)
    verdict, log_line = after_failure(stage, failures, now), evidence.log.last_line
    cause = with_log(f"{end.reason}: {message}".removesuffix(": "), log_line)
    where = f"stage {stage.name}, attempt {status.attempt}: {cause}"
    if end.final or not isinstance(verdict, RetryAt):
        builder.events.append(Event(names.EVENT_STAGE_FAILED, where, "Warning"))
        return edits.failed(
            status,
            end.reason,
            message,
            at=ended,
            failures=failures,
            interruptions=status.interruptions,
            exit_code=evidence.exit_code,
            log_line=log_line,
        )
    wait = round((verdict.moment - now).total_seconds())
    text = f"{where}; next attempt in {wait} s"
    builder.events.append(Event(names.EVENT_STAGE_FAILED, text, "Warning"))
    message = sentence(f"attempt {status.attempt}: {cause}")
    counted = edits.attempt_ended(status, end.reason, ended, evidence.exit_code)
    counted = counted.evolve(failures=failures)
    return edits.next_attempt(counted, names.WAIT_BACKOFF, message, verdict.moment)


def _after_interruption(
    status: StageStatus,
    stage: Stage,
    end: Interrupted,
    builder: PlanBuilder,
    *,
    ended: datetime,
    now: datetime,
) -> StageStatus:
    interruptions = edits.next_count(status.interruptions)
    verdict = after_interruption(interruptions, now)
    where = f"stage {status.name}, attempt {status.attempt}: {sentence(end.message)}"
    is_orphan = end.cause != outcome.INTERRUPTED
    word = names.EVENT_ORPHAN_RECOVERED if is_orphan else names.EVENT_INTERRUPTED
    builder.events.append(Event(word, where, "Warning"))
    if is_orphan and stage.recovery == "Fail":
        builder.facts.append(Recovered("GivenUp", end.cause, status.machine))
        return edits.orphaned(status, end.message, ended)
    if not isinstance(verdict, RetryAt):
        return edits.failed(
            status,
            verdict.reason,
            end.message,
            at=ended,
            failures=status.failures,
            interruptions=interruptions,
        )
    builder.facts.append(Recovered("NewAttempt", end.cause, status.machine))
    message = sentence(f"attempt {status.attempt} was interrupted: {end.message}")
    word = names.ORPHANED if is_orphan else names.EVENT_INTERRUPTED
    counted = edits.attempt_ended(status, word, ended)
    counted = counted.evolve(interruptions=interruptions)
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
    said = cause.removeprefix(f"{names.WAIT_ENDPOINT}: ")
    return edits.next_attempt(
        counted, names.WAIT_ENDPOINT, sentence(said), verdict.moment, state="Deferred"
    )
