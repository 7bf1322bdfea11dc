"""How a run ended, or that it has not."""

from dataclasses import dataclass
from typing import Literal

from stagework.api import names
from stagework.api.conditions import find
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus


@dataclass(frozen=True, slots=True)
class RunEnd:
    """`Succeeded` as seen now."""

    kind: Literal["Active", "Succeeded", "Failed"]
    reason: str
    """The condition's reason, such as Completed or StageFailed."""
    stage: str = ""
    """The failing stage; empty where none is to blame."""
    message: str = ""
    """The stage's sentence, else the condition's; only after a failure."""

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.kind != "Active"


def run_end(run: PipelineJob) -> RunEnd:
    """The run's end, as its condition `Succeeded` says."""
    condition = find(run.status.conditions, names.SUCCEEDED)
    if condition is None or not run.status.ended:
        return RunEnd("Active", condition.reason if condition else "")
    if condition.status == "True":
        return RunEnd("Succeeded", condition.reason)
    if condition.reason == names.STOPPED:
        return RunEnd("Failed", condition.reason, message=condition.message)
    stage = failing_stage(run.status)
    cause = (stage.message or stage.reason) if stage is not None else ""
    return RunEnd(
        "Failed",
        condition.reason,
        stage=stage.name if stage else "",
        message=cause or condition.message or run.status.message,
    )


def failing_stage(status: PipelineJobStatus) -> StageStatus | None:
    """The first failed stage, in the pipeline's order."""
    failed = (stage for stage in status.stages if stage.state == names.STAGE_FAILED_STATE)
    return next(failed, None)
