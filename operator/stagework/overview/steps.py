"""What happened to a run's stages between two of its statuses, one change a stage."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.api.stage_transition import stage_transitions


@dataclass(frozen=True, slots=True)
class StepChange:
    """One stage has another state or attempt than before, or waits for another reason."""

    stage: StageStatus
    """As it is now."""
    at: datetime | None
    """When, by the cluster's clock; None where the status does not say."""


def changes(before: PipelineJob | None, after: PipelineJob) -> list[StepChange]:
    """Every change since `before`, in pipeline order; None: nothing of the run had begun."""
    known = before.status.stages if before is not None else ()
    return [
        StepChange(step.after, _moment(step.after))
        for step in stage_transitions(known, after.status.stages)
        if step.state_changed or step.attempt_changed or step.held_up_anew
    ]


def _moment(stage: StageStatus) -> datetime | None:
    if stage.state in (names.STAGE_SUCCEEDED, names.STAGE_FAILED_STATE, names.STAGE_SKIPPED):
        return stage.completionTime
    if stage.state == names.STAGE_STARTING:
        return stage.turnTime
    return stage.startTime if stage.state == names.STAGE_RUNNING else None
