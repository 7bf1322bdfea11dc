"""The status of a stage after its attempt has ended: committed, tried again, or given up."""

from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import Commit, StageStatus
from stagework.api.stages import Stage
from stagework.api.text import one_line
from stagework.plans.plan import Draft, Event
from stagework.policies.outcome import Deferred, Done, Ended, Failed, Interrupted
from stagework.policies.retry import RetryAt, after_deferral, after_failure, after_interruption

FRESH_ATTEMPT: dict[str, object] = {
    "state": "Waiting",
    "remakes": 0,
    "job": "",
    "pod": "",
    "node": "",
    "machine": "",
    "turnTime": None,
    "waitingSince": None,
    "lostTime": None,
    "startTime": None,
    "completionTime": None,
    "stopping": None,
    "commit": None,
}
"""What a new attempt starts from; the numbers are set beside it."""
NEEDED_NO_MORE: dict[str, object] = {
    "pod": "",  # the commit has it
    "remakes": 0,
    "turnTime": None,
    "waitingSince": None,
    "lostTime": None,
    "notBeforeTime": None,
    "stopping": None,
}
"""What a committed stage is stored without: objects stay small."""


def conclude(
    status: StageStatus,
    stage: Stage,
    end: Ended,
    commit: Commit | None,
    *,
    draft: Draft,
    ended: datetime,
) -> StageStatus:
    """Write down how the attempt ended, at the time when it ended."""
    if isinstance(end, Done):
        state = "Skipped" if end.skipped else "Succeeded"
        done = {"state": state, "reason": end.reason, "message": end.message, "commit": commit}
        return status.model_copy(update={**NEEDED_NO_MORE, **done, "completionTime": ended})
    if isinstance(end, Interrupted):
        return _after_interruption(status, end, draft, ended)
    if isinstance(end, Deferred):
        return _after_deferral(status, end, draft, ended)
    return _after_failure(status, stage, end, draft, ended)


def conclude_stopped(
    status: StageStatus, stage: Stage, draft: Draft, ended: datetime
) -> StageStatus:
    """The attempt was ended by the operator: the recorded verdict counts, whatever the Pod says."""
    verdict = status.stopping
    if verdict is None:
        raise ValueError(f"stage {status.name} has no recorded verdict")
    if verdict.reason == names.SKIPPED_BY_PERSON:
        skipped = {"state": "Skipped", "reason": verdict.reason, "message": verdict.message}
        return status.model_copy(update={**skipped, "completionTime": ended, "stopping": None})
    if verdict.reason == names.RETRIED_BY_PERSON:
        return renewed(status, verdict.reason, verdict.message)
    return _after_failure(status, stage, Failed(verdict.reason, verdict.message), draft, ended)


def renewed(status: StageStatus, reason: str, message: str) -> StageStatus:
    """A new attempt at a person's wish: the budget is renewed, the numbers only grow."""
    return status.model_copy(
        update={
            **FRESH_ATTEMPT,
            "attempt": status.attempt + 1,
            "failures": 0,
            "interruptions": 0,
            "deferrals": 0,
            "notBeforeTime": None,
            "skip": None,
            "reason": reason,
            "message": message,
        }
    )


def _after_failure(
    status: StageStatus, stage: Stage, end: Failed, draft: Draft, ended: datetime
) -> StageStatus:
    failures = status.failures + 1
    verdict = after_failure(stage, failures, ended)
    said = f"{end.reason}: {end.message}".removesuffix(": ")
    where = f"stage {stage.name}, attempt {status.attempt}: {said}"
    if end.final or not isinstance(verdict, RetryAt):
        draft.events.append(Event(names.EVENT_STAGE_FAILED, where, "Warning"))
        given_up = {"state": "Failed", "reason": end.reason, "message": one_line(end.message)}
        return status.model_copy(
            update={
                **given_up,
                "failures": failures,
                "completionTime": ended,
                "stopping": None,
                "lostTime": None,
            }
        )
    wait = round((verdict.moment - ended).total_seconds())
    draft.events.append(
        Event(names.EVENT_STAGE_FAILED, f"{where}; next attempt in {wait} s", "Warning")
    )
    return _next_attempt(status, f"attempt {status.attempt}: {said}", verdict, failures=failures)


def _after_interruption(
    status: StageStatus, end: Interrupted, draft: Draft, ended: datetime
) -> StageStatus:
    interruptions = status.interruptions + 1
    verdict = after_interruption(interruptions, ended)
    where = f"stage {status.name}, attempt {status.attempt}: {one_line(end.message, 512)}"
    draft.events.append(Event(names.EVENT_INTERRUPTED, where, "Warning"))
    if isinstance(verdict, RetryAt):
        draft.recovered.append("NewAttempt")
        said = f"attempt {status.attempt} was interrupted: {end.message}"
        return _next_attempt(status, said, verdict, interruptions=interruptions)
    return status.model_copy(
        update={
            "state": "Failed",
            "reason": verdict.reason,
            "message": one_line(end.message),
            "interruptions": interruptions,
            "completionTime": ended,
            "lostTime": None,
        }
    )


def _after_deferral(
    status: StageStatus, end: Deferred, draft: Draft, ended: datetime
) -> StageStatus:
    deferrals = status.deferrals + 1
    verdict = after_deferral(deferrals, ended)
    said = f"{end.reason}: {end.message}".removesuffix(": ")
    wait = round((verdict.moment - ended).total_seconds())
    where = f"stage {status.name}, attempt {status.attempt}: {said}; starts again in {wait} s"
    draft.events.append(Event(names.EVENT_DEFERRED, where))
    again = _next_attempt(status, said, verdict, deferrals=deferrals)
    return again.model_copy(update={"reason": names.WAIT_DEFERRED})


def _next_attempt(
    status: StageStatus, message: str, verdict: RetryAt, **counts: int
) -> StageStatus:
    return status.model_copy(
        update={
            **FRESH_ATTEMPT,
            "attempt": status.attempt + 1,
            "reason": names.WAIT_BACKOFF,
            "message": one_line(message),
            "notBeforeTime": verdict.moment,
            **counts,
        }
    )
