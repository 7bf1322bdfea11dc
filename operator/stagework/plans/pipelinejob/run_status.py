"""The run's own status from its stages: conditions, summary, progress, what happens now."""

from collections.abc import Sequence
from datetime import datetime

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.conditions import Status, conditions_for
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, count_done, current_of
from stagework.api.stage_status import StageStatus
from stagework.api.text import sentence
from stagework.policies.active_time import ActiveTime

_AT_WORK = (
    (names.STAGE_RUNNING, names.RUNNING),
    (names.STAGE_STARTING, names.STARTING),
    (names.STAGE_STUCK, names.STUCK),
)
"""State of a stage at work, and what its run is called then: the first that applies."""


def run_status(
    run: PipelineJob,
    stages: Sequence[StageStatus],
    answered: list[Answered],
    now: datetime,
    clock: ActiveTime | None = None,
) -> PipelineJobStatus:
    """The whole status, from the stages as they stand; `clock`: see `run_deadline.py`."""
    before = run.status
    succeeded, reason = _verdict(run, stages)
    current = current_of(stages)
    message = sentence(_message(run, reason, stages, current))
    generation = run.metadata.generation
    over = succeeded != "Unknown"
    return before.evolve(
        observedGeneration=generation,
        conditions=conditions_for(
            before.conditions,
            generation,
            succeeded=succeeded,
            reason=reason,
            message=message,
            now=now,
            paused=reason == names.SUSPENDED,
        ),
        summary=reason,
        message=message,
        progress=f"{count_done(stages)}/{len(stages)}",
        stage=_shown(stages, current),
        machine=current.machine if current is not None else "",
        node=current.node if current is not None else "",
        attempts=sum(_started_attempts(stage) for stage in stages),
        completionTime=(before.completionTime or now) if over else None,
        stages=list(stages),
        answered=answered,
        activeSeconds=clock.seconds if clock is not None else 0,
        activeSince=clock.since if clock is not None else None,
    )


def _verdict(run: PipelineJob, stages: Sequence[StageStatus]) -> tuple[Status, str]:
    active = {stage.state for stage in stages if stage.active}
    for state, summary in _AT_WORK:
        if state in active:
            return "Unknown", summary
    if not any(stage.waiting for stage in stages):
        return _end(stages)
    if run.spec.suspend:
        return "Unknown", names.SUSPENDED
    due = [s for s in stages if s.waiting and s.reason != names.WAIT_DEPENDENCY]
    if due and all(stage.awaits_approval for stage in due):
        return "Unknown", names.AWAITING_APPROVAL
    begun = any(stage.ended or stage.attempt > 1 for stage in stages)
    return "Unknown", names.WAITING if begun else names.QUEUED


def _end(stages: Sequence[StageStatus]) -> tuple[Status, str]:
    """That the run was ended is told before a failure, and that before a skip.

    What nobody needed is part of how the run was written: it counts as done.
    """
    reasons = {stage.reason for stage in stages if stage.stopped}
    if names.STOPPED_BY_PERSON in reasons:
        return "False", names.STOPPED
    if reasons:
        return "False", names.DEADLINE_EXCEEDED
    if any(stage.state == names.STAGE_FAILED_STATE for stage in stages):
        return "False", names.STAGE_FAILED
    skips = any(_is_left_out(stage) for stage in stages)
    return "True", names.COMPLETED_WITH_SKIPS if skips else names.COMPLETED


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
    if reason == names.COMPLETED:
        return f"all {len(stages)} stages succeeded"
    if reason == names.STOPPED:
        by = next(s.message for s in stages if s.reason == names.STOPPED_BY_PERSON)
        return f"stopped by {by}"
    if reason == names.COMPLETED_WITH_SKIPS:
        skipped = [stage.name for stage in stages if stage.state in {"Skipped", "NotRun"}]
        return f"done; skipped or not run: {', '.join(skipped)}"
    if reason == names.DEADLINE_EXCEEDED:
        limit, done = run.spec.activeDeadlineSeconds, count_done(stages)
        return f"ended after activeDeadlineSeconds ({limit} s), {done} of {len(stages)} stages done"
    if current is None:
        return ""
    cause = f"{current.reason}: {current.message}".strip(": ")
    if current.active and current.stopped and current.stopping is not None:
        by_person = current.stopping.reason == names.STOPPED_BY_PERSON
        cause = f"{'stopped by ' if by_person else ''}{current.stopping.message}"
        return f"{current.name} is being ended: {cause}"
    if current.state == names.STAGE_RUNNING:
        return f"{current.name} runs on {current.node or current.machine}"
    if current.state == names.STAGE_FAILED_STATE:
        return f"{current.name} failed: {cause}"
    if current.reason == names.WAIT_SLOT:
        return f"{current.name} {current.message}"
    verb = "is stuck" if current.stuck else "starts" if current.active else "waits"
    return f"{current.name} {verb}: {cause}" if cause else f"{current.name} {verb}"


def _started_attempts(stage: StageStatus) -> int:
    begun = stage.pod or stage.commit is not None or stage.state == names.STAGE_FAILED_STATE
    return stage.attempt if begun else stage.attempt - 1
