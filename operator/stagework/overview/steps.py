"""What happened to a run's stages between two looks, one change a stage, in pipeline order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, StageStatus
from stagework.overview.tables import one_line

WORDS: Final = {
    names.STAGE_WAITING: "waiting",
    names.STAGE_STARTING: "starting",
    names.STAGE_RUNNING: "running",
    names.STAGE_SUCCEEDED: "done",
    names.STAGE_FAILED_STATE: "failed",
    names.STAGE_SKIPPED: "skipped",
    names.STAGE_NOT_RUN: "not run",
}
"""State of a stage to the word of the monitor's lines."""


@dataclass(frozen=True, slots=True)
class StepChange:
    """One stage has another state or another attempt than before."""

    stage: str
    words: str
    """The state's word, and what a person needs to know beside it."""
    at: datetime | None
    """When, by the cluster's clock; None where the status does not say."""


def changes(before: PipelineJob | None, after: PipelineJob) -> list[StepChange]:
    """Every change since `before`; None stands for a run of which nothing has begun."""
    found: list[StepChange] = []
    for stage in after.status.stages:
        old = before.status.stage_named(stage.name) if before is not None else None
        was = (old.state, old.attempt) if old is not None else (names.STAGE_WAITING, 1)
        if was != (stage.state, stage.attempt):
            found.append(StepChange(stage.name, _words(stage), _moment(stage)))
    return found


def _words(stage: StageStatus) -> str:
    word = WORDS.get(stage.state, stage.state)
    if stage.state == names.STAGE_SUCCEEDED:
        return word
    again = f" (attempt {stage.attempt})" if stage.attempt > 1 else ""
    if stage.state in (names.STAGE_RUNNING, names.STAGE_STARTING):
        return word + again
    said = ": ".join(part for part in (stage.reason, one_line(stage.message)) if part)
    return word + again + (f" - {said}" if said else "")


def _moment(stage: StageStatus) -> datetime | None:
    if stage.state in (names.STAGE_SUCCEEDED, names.STAGE_FAILED_STATE, names.STAGE_SKIPPED):
        return stage.completionTime
    if stage.state == names.STAGE_STARTING:
        return stage.turnTime
    return stage.startTime if stage.state == names.STAGE_RUNNING else None
