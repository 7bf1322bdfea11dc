"""What would a person's request change, and what is refused? The same code answers `--dry-run`.

A retry of anything in a run that was stopped takes the stop back: all that it had ended, or kept
from starting, goes on too.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.intervention import InterventionSpec, RefusedStage
from stagework.api.judgement import Judgement, refused_whole
from stagework.api.kinds import APPROVE, RECOVER, RETRY, SKIP, STOP
from stagework.api.stage_status import StageStatus, States

UNKNOWN_STAGE = "UnknownStage"
"""The run has no stage of that name."""
STALE_ATTEMPT = "StaleAttempt"
"""Another attempt is the current one by now; read it again before asking again."""
STILL_ACTIVE = "StillActive"
"""It has not ended: there is nothing to retry yet."""
WAITS_FOR_OTHERS = "WaitsForOthers"
"""It has not been tried: what it depends on decides; retry that."""
ALREADY_DONE = "AlreadyDone"
"""It has succeeded, was skipped or is not needed: there is nothing to skip."""
NOTHING_FAILED = "NothingFailed"
"""No stage was named and none has failed."""
NO_STAGE_NAMED = "NoStageNamed"
"""Skip must name its stages."""
NOT_NEEDED = names.NOT_NEEDED
"""A stage above it has found it not to be needed, or nothing failed: retry the stages above it."""
ALREADY_ENDED = "AlreadyEnded"
"""All of its stages have ended, or are being ended for a person who stopped it."""
NOT_AWAITING_APPROVAL = "NotAwaitingApproval"
"""It does not wait for approval: not yet, not any more, or it never does."""
NOTHING_TO_APPROVE = "NothingToApprove"
"""No stage was named and none waits for approval."""
NOT_SUSPECTED = "NotSuspected"
"""Its process lives, or has ended for certain, as far as can be seen."""
TOO_SOON = "TooSoon"
"""It is not known for long enough that nothing proves whether it lives."""
MACHINE_AWAY = names.WAIT_MACHINE_AWAY
"""Its machine sleeps, or has left, and may come back: nothing is declared dead there."""
NOTHING_SUSPECTED = "NothingSuspected"
"""No stage was named and of none it is unknown whether it lives."""
RECOVER_SECONDS: Final = 1800
"""For so long nothing must have proved that a stage lives, where a Recover says no other."""
NOT_STARTED = "NotStarted"
"""The run has not been accepted, or its stages are lost: only a Stop can be carried out."""


WHOLE_RUN: Final = "the run"
"""What is affected where the stages of a run are not known (yet)."""


def judge(spec: InterventionSpec, states: States, now: datetime | None = None) -> Judgement:
    """Decide for each stage by itself; one refusal never takes the others down.

    `states` are the run's stages by name; none: it has not been accepted. `now`: for a Recover.
    """
    if not states:
        return refused_whole(NOT_STARTED)
    wanted = _wanted(spec, states)
    if not wanted:
        return refused_whole(_NOTHING[spec.verb])
    affected: list[str] = []
    refused: list[RefusedStage] = []
    for name in wanted:
        reason = _refusal(spec, states.get(name), now)
        if reason:
            refused.append(RefusedStage(stage=name, reason=reason))
        else:
            affected.append(name)
    return Judgement(tuple(affected), tuple(refused))


def judge_whole(spec: InterventionSpec, *, ended: bool, stopped: bool) -> Judgement:
    """Of a run without stages: it may be stopped before its end, and that may be taken back."""
    if spec.verb == STOP:
        return refused_whole(ALREADY_ENDED) if ended else Judgement((WHOLE_RUN,))
    if spec.verb == RETRY and stopped and not spec.stages:
        return Judgement((WHOLE_RUN,))
    return refused_whole(NOT_STARTED)


def resets(spec: InterventionSpec, below: Iterable[StageStatus]) -> tuple[str, ...]:
    """Which of the stages below the affected ones wait again, with new attempts.

    After a Retry everything that has begun or was approved; after a Skip that lets them run, what
    had been given up; after anything else none.
    """
    if spec.verb == SKIP:
        runs = spec.descendants == "Run"
        return tuple(stage.name for stage in below if runs and stage.state == "NotRun")
    return tuple(stage.name for stage in below if spec.verb == RETRY and _has_begun(stage))


def _has_begun(stage: StageStatus) -> bool:
    return not stage.waiting or stage.attempt > 1 or stage.approval is not None


def stopped_stages(spec: InterventionSpec, states: States) -> tuple[str, ...]:
    """Stages of a stopped run that a Retry of others brings back."""
    if spec.verb != RETRY:
        return ()
    return tuple(name for name, stage in states.items() if stage.stopped)


_NOTHING: Final = {
    RETRY: NOTHING_FAILED,
    SKIP: NO_STAGE_NAMED,
    STOP: ALREADY_ENDED,
    APPROVE: NOTHING_TO_APPROVE,
    RECOVER: NOTHING_SUSPECTED,
}
"""Why a request that concerns no stage is refused."""


def _wanted(spec: InterventionSpec, states: States) -> list[str]:
    if spec.verb == STOP:
        return [name for name, stage in states.items() if not (stage.ended or stage.stopped)]
    if spec.stages:
        return list(dict.fromkeys(spec.stages))
    if spec.verb == APPROVE:
        return [name for name, stage in states.items() if stage.awaits_approval]
    if spec.verb == RECOVER:
        return [name for name, stage in states.items() if stage.suspected or stage.away]
    if spec.verb == SKIP:
        return []
    failed = [name for name, stage in states.items() if stage.state == "Failed"]
    return failed or list(stopped_stages(spec, states))


def recover_refusal(stage: StageStatus, timeout: timedelta, now: datetime) -> str:
    """Why a stage is not declared failed by a Recover; empty: it is."""
    if stage.away:
        return MACHINE_AWAY
    if not stage.suspected or stage.suspectedTime is None:
        return NOT_SUSPECTED
    return TOO_SOON if now < stage.suspectedTime + timeout else ""


def _refusal(spec: InterventionSpec, stage: StageStatus | None, now: datetime | None) -> str:
    if stage is None:
        return UNKNOWN_STAGE
    if spec.attempt is not None and spec.attempt != stage.attempt:
        return STALE_ATTEMPT
    if spec.verb == RECOVER:
        timeout = RECOVER_SECONDS if spec.timeoutSeconds is None else spec.timeoutSeconds
        moment = now or stage.suspectedTime
        return (
            NOT_SUSPECTED
            if moment is None
            else recover_refusal(stage, timedelta(seconds=timeout), moment)
        )
    if spec.verb == SKIP:
        return ALREADY_DONE if stage.done else ""
    if spec.verb == APPROVE:
        return "" if stage.awaits_approval else NOT_AWAITING_APPROVAL
    return "" if spec.verb == STOP or stage.stopped else _retry_refusal(stage)


def _retry_refusal(stage: StageStatus) -> str:
    if stage.active:
        return STILL_ACTIVE
    if stage.put_off:
        return ""  # whoever waits for it need not: what was in its way may be gone
    if stage.waiting:
        return STILL_ACTIVE if stage.failures or stage.attempt > 1 else WAITS_FOR_OTHERS
    if stage.set_aside:
        return NOT_NEEDED
    return WAITS_FOR_OTHERS if stage.state == "NotRun" else ""
