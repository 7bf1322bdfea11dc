"""What happened to a run's stages between two of its statuses, one change a stage."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus


@dataclass(frozen=True, slots=True)
class StepChange:
    """One stage has another state or another attempt than before."""

    stage: StageStatus
    """As it is now."""
    at: datetime | None
    """When, by the cluster's clock; None where the status does not say."""


def changes(before: PipelineJob | None, after: PipelineJob) -> list[StepChange]:
    """Every change since `before`, in pipeline order; None: nothing of the run had begun."""
    changed: list[StepChange] = []
    for stage in after.status.stages:
        old = before.status.stage_named(stage.name) if before is not None else None
        was = (old.state, old.attempt) if old is not None else (names.STAGE_WAITING, 1)
        if was != (stage.state, stage.attempt):
            changed.append(StepChange(stage, _moment(stage)))
    return changed


def _moment(stage: StageStatus) -> datetime | None:
    if stage.state in (names.STAGE_SUCCEEDED, names.STAGE_FAILED_STATE, names.STAGE_SKIPPED):
        return stage.completionTime
    if stage.state == names.STAGE_STARTING:
        return stage.turnTime
    return stage.startTime if stage.state == names.STAGE_RUNNING else None
