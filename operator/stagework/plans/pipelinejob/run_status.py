"""The run's own status from its stages: conditions, summary, progress, what happens now."""

from collections.abc import Sequence
from datetime import datetime

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.causes import sentence
from stagework.api.conditions import ConditionContent, Status, conditions_for
from stagework.api.durations import short
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, count_done, current_of
from stagework.api.stage_status import StageStatus
from stagework.api.text import MESSAGE_BYTES
from stagework.policies.active_time import ActiveTime
from stagework.policies.next_step import step_of_run
from stagework.policies.time_of_day import by_now

_AT_WORK = (
    (names.STAGE_RUNNING, names.RUNNING),
    (names.STAGE_STARTING, names.STARTING),
    (names.STAGE_STUCK, names.STUCK),
    (names.STAGE_AWAY, names.AWAY),
)
"""State of a stage at work, and what its run is called then: the first that applies."""
MANY_STAGES = 32
"""With more of them than this, their messages are shorter."""
SHORT_MESSAGE_BYTES = 320
"""Longest message of a stage then: the largest object stays below 96 KiB, and below 192 KiB where
every stage was approved and leaves out as many others as a mark can name."""
_OTHERS = {names.STAGE_SKIPPED: "skipped", names.STAGE_NOT_RUN: "not run"}
"""Ends of a stage in a run that ended well, besides success."""
_NEEDS_PERSON = frozenset({names.STAGE_FAILED, names.STUCK})


def run_status(
    run: PipelineJob,
    stages: Sequence[StageStatus],
    answered: list[Answered],
    now: datetime,
    clock: ActiveTime | None = None,
) -> PipelineJobStatus:
    """The whole status, from the stages as they stand; `clock`: see `run_deadline.py`."""
    before = run.status
    succeeded, reason = end_of(stages) or ("Unknown", _at_work(run, stages))
    current = current_of(stages)
    message = sentence(_message(run, reason, stages, current))
    ended = (by_now(before.completionTime, now) or now) if succeeded != "Unknown" else None
    status = before.evolve(
        observedGeneration=run.metadata.generation,
        conditions=conditions_for(
            before.conditions,
            run.metadata.generation,
            succeeded=succeeded,
            reason=reason,
            message=_with_step(run, reason, message, stages),
            now=now,
            paused=reason == names.SUSPENDED,
            others=(*_deferred(stages), *_orphans(stages)),
        ),
        summary=reason,
        message=message,
        progress=f"{count_done(stages)}/{len(stages)}",
        stage=_shown(stages, current),
        machine=current.machine if current is not None else "",
        node=current.node if current is not None else "",
        retries=sum(_retries(stage) for stage in stages),
        duration=_duration(before.startTime or run.metadata.creationTimestamp, ended),
        completionTime=ended,
        stages=_cut_to_size(stages),
        answered=answered,
    )
    if clock is None:
        return status
    return status.evolve(activeSeconds=clock.seconds, activeSince=clock.since)


def _deferred(stages: Sequence[StageStatus]) -> tuple[ConditionContent, ...]:
    """The condition that a machine or an endpoint is missed, while any stage waits for it."""
    missed = [stage for stage in stages if stage.deferred or stage.away]
    if not missed:
        return ()
    first, more = missed[0], f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    message = sentence(f"{first.name}{more}: {first.message}".removesuffix(": "))
    return (ConditionContent(names.DEFERRED, "True", first.reason or first.state, message),)


def _orphans(stages: Sequence[StageStatus]) -> tuple[ConditionContent, ...]:
    """The condition that a stage lost its process, whatever has become of it since."""
    for stage in stages:
        attempts = [ended.attempt for ended in stage.earlier if ended.reason == names.ORPHANED]
        if stage.reason == names.ORPHANED:
            attempts.append(stage.attempt)
        if attempts:
            message = f"{stage.name}, attempt {attempts[-1]}"
            kind = names.EVENT_ORPHAN_RECOVERED
            return (ConditionContent(kind, "True", names.ORPHANED, message),)
    return ()


def _cut_to_size(stages: Sequence[StageStatus]) -> list[StageStatus]:
    """Of very many stages each says less, or the object might become too large."""
    if len(stages) <= MANY_STAGES:
        return list(stages)
    return [
        stage.evolve(message=sentence(stage.message, SHORT_MESSAGE_BYTES))
        if len(stage.message) * 3 > SHORT_MESSAGE_BYTES
        else stage
        for stage in stages
    ]


def _with_step(run: PipelineJob, reason: str, message: str, stages: Sequence[StageStatus]) -> str:
    """What a condition says: where a person is needed, with what to do next."""
    if reason not in _NEEDS_PERSON:
        return message
    step = step_of_run(run, reason, stages, f" -n {run.metadata.namespace}")
    behind = f"; next: {step.text}" if step.command else ""
    return sentence(message, MESSAGE_BYTES - len(behind.encode())) + behind


def end_of(stages: Sequence[StageStatus]) -> tuple[Status, str] | None:
    """How a run with these stages has ended, and its reason; None: it goes on.

    That the run was ended is told before a failure, and that before a skip. What nobody needed is
    part of how the run was written: it counts as done.
    """
    if any(stage.active or stage.waiting for stage in stages):
        return None
    reasons = {stage.reason for stage in stages if stage.stopped}
    if names.STOPPED_BY_PERSON in reasons:
        return "False", names.STOPPED
    if reasons:
        return "False", names.DEADLINE_EXCEEDED
    if any(stage.state == names.STAGE_FAILED_STATE for stage in stages):
        return "False", names.STAGE_FAILED
    skips = any(_is_left_out(stage) for stage in stages)
    return "True", names.COMPLETED_WITH_SKIPS if skips else names.COMPLETED


def _at_work(run: PipelineJob, stages: Sequence[StageStatus]) -> str:
    """What a run is called that goes on."""
    # One whose run was suspended before the gate of its Pod was off does not start.
    active = {s.state for s in stages if s.active and s.reason != names.WAIT_SUSPENDED}
    for state, summary in _AT_WORK:
        if state in active:
            return summary
    if run.spec.suspend:
        return names.SUSPENDED
    due = [s for s in stages if s.waiting and s.reason != names.WAIT_DEPENDENCY]
    if due and all(stage.awaits_approval for stage in due):
        return names.AWAITING_APPROVAL
    if due and all(stage.deferred for stage in due):
        return names.DEFERRED
    begun = any(stage.ended or stage.attempt > 1 for stage in stages)
    return names.WAITING if begun else names.QUEUED


def _is_left_out(stage: StageStatus) -> bool:
    by_person = stage.skip is not None and not stage.set_aside
    return by_person or (stage.state == names.STAGE_NOT_RUN and not stage.set_aside)


def _shown(stages: Sequence[StageStatus], current: StageStatus | None) -> str:
    """The current stage's name, and how many others are at work."""
    if current is None:
        return ""
    more = sum(stage.active for stage in stages) - 1
    return f"{current.name} +{more}" if current.active and more > 0 else current.name


def _message(
    run: PipelineJob, reason: str, stages: Sequence[StageStatus], current: StageStatus | None
) -> str:
    if reason == names.STOPPED:
        by = next(s.message for s in stages if s.reason == names.STOPPED_BY_PERSON)
        return f"stopped by {by}"
    if reason in {names.COMPLETED, names.COMPLETED_WITH_SKIPS}:
        return _counted(stages)
    if reason == names.DEADLINE_EXCEEDED:
        limit, done = run.spec.activeDeadlineSeconds, count_done(stages)
        return f"ended after activeDeadlineSeconds ({limit} s), {done} of {len(stages)} stages done"
    if current is None:
        return ""
    failed = next((s for s in stages if s.state == names.STAGE_FAILED_STATE), None)
    if failed is None or failed.name == current.name:
        return _of_current(current)
    return f"{_of_current(current)}; {failed.name} failed: {failed.reason}"


def _of_current(current: StageStatus) -> str:
    cause = current.cause
    if current.active and current.stopping is not None:
        by_person = current.stopping.reason == names.STOPPED_BY_PERSON
        cause = f"{'stopped by ' if by_person else ''}{current.stopping.message}"
        return f"{current.name} is being ended: {cause}".removesuffix(": ")
    if current.state == names.STAGE_RUNNING:
        return f"{current.name} runs on {current.node or current.machine}"
    if current.state == names.STAGE_FAILED_STATE:
        return f"{current.name} failed: {cause}"
    if current.reason == names.WAIT_SLOT:
        return f"{current.name} {current.message}"
    if current.away:
        return f"{current.name} is away: {current.message}"
    verb = "is stuck" if current.stuck else "starts" if current.active else "waits"
    return f"{current.name} {verb}: {cause}" if cause else f"{current.name} {verb}"


def _counted(stages: Sequence[StageStatus]) -> str:
    """Of a run that ended well: how many stages succeeded, and why each other one did not."""
    count = sum(stage.state == names.STAGE_SUCCEEDED for stage in stages)
    whole = "all " if count == len(stages) > 1 else ""
    parts = [f"{whole}{count} stage{'' if count == 1 else 's'} succeeded"] if count else []
    for stage in stages:
        if stage.state in _OTHERS:
            why = f" ({stage.reason})" if stage.reason else ""
            parts.append(f"{stage.name} {_OTHERS[stage.state]}{why}")
    return ", ".join(parts)


def _retries(stage: StageStatus) -> int:
    """Attempts that have begun, beyond the first."""
    begun = stage.pod or stage.commit is not None or stage.state == names.STAGE_FAILED_STATE
    return max(0, stage.attempt - 1 if begun else stage.attempt - 2)


def _duration(began: datetime, ended: datetime | None) -> str:
    """Between the times as they are stored, in whole seconds: whoever reads them again must come to
    the same, or would write every ended run once more after a restart.
    """
    if ended is None:
        return ""
    return short((ended.replace(microsecond=0) - began.replace(microsecond=0)).total_seconds())
