"""The run's own status from its stages: conditions, summary, progress, what happens now."""

from collections.abc import Sequence
from datetime import datetime

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.conditions import Status, conditions_for
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, count_done, current_of
from stagework.api.stage_status import StageStatus
from stagework.api.text import sentence

_AT_WORK = (
    (names.STAGE_RUNNING, names.RUNNING),
    (names.STAGE_STARTING, names.STARTING),
    (names.STAGE_STUCK, names.STUCK),
)
"""State of a stage at work, and what its run is called then: the first that applies."""


def run_status(
    run: PipelineJob, stages: Sequence[StageStatus], answered: list[Answered], now: datetime
) -> PipelineJobStatus:
    """The whole status, from the stages as they stand."""
    before = run.status
    succeeded, reason = _verdict(run, stages)
    current = current_of(stages)
    message = sentence(_message(reason, stages, current))
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
    )


def _verdict(run: PipelineJob, stages: Sequence[StageStatus]) -> tuple[Status, str]:
    active = {stage.state for stage in stages if stage.active}
    for state, summary in _AT_WORK:
        if state in active:
            return "Unknown", summary
    if not any(stage.waiting for stage in stages):
        states = {stage.state for stage in stages}
        if names.STAGE_FAILED_STATE in states:
            return "False", names.STAGE_FAILED
        by_person = any(stage.skip is not None for stage in stages)
        skips = names.STAGE_NOT_RUN in states or by_person
        return "True", names.COMPLETED_WITH_SKIPS if skips else names.COMPLETED
    if run.spec.suspend:
        return "Unknown", names.SUSPENDED
    begun = any(stage.ended or stage.attempt > 1 for stage in stages)
    return "Unknown", names.WAITING if begun else names.QUEUED


def _shown(stages: Sequence[StageStatus], current: StageStatus | None) -> str:
    """The current stage's name, and how many others are at work."""
    if current is None:
        return ""
    more = sum(stage.active for stage in stages) - 1
    return f"{current.name} +{more}" if current.active and more > 0 else current.name


def _message(reason: str, stages: Sequence[StageStatus], current: StageStatus | None) -> str:
    if reason == names.COMPLETED:
        return f"all {len(stages)} stages succeeded"
    if reason == names.COMPLETED_WITH_SKIPS:
        skipped = [stage.name for stage in stages if stage.state in {"Skipped", "NotRun"}]
        return f"done; skipped or not run: {', '.join(skipped)}"
    if current is None:
        return ""
    cause = f"{current.reason}: {current.message}".strip(": ")
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
