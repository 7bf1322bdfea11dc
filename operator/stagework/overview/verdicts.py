"""How a run ended, or that it has not: what `wait`, `monitor` and `demo` decide on."""

from dataclasses import dataclass
from typing import Literal

from stagework.api import names
from stagework.api.conditions import find
from stagework.api.pipelinejob import PipelineJob, StageStatus
from stagework.overview.nextsteps import Home, after_failure
from stagework.overview.tables import one_line


@dataclass(frozen=True, slots=True)
class Verdict:
    """`Succeeded` as seen now."""

    kind: Literal["Active", "Succeeded", "Failed"]
    reason: str
    """The condition's reason, such as Completed or StageFailed."""
    stage: str = ""
    """The failing stage; empty where none is to blame."""
    message: str = ""
    """The stage's sentence, else the condition's."""
    command: str = ""
    """What to type next; only after a failure."""

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.kind != "Active"


def verdict(job: PipelineJob, home: Home) -> Verdict:
    """The run's end, as its condition `Succeeded` says."""
    condition = find(job.status.conditions, names.SUCCEEDED)
    if condition is None or condition.status == "Unknown":
        return Verdict("Active", condition.reason if condition else "")
    if condition.status == "True":
        return Verdict("Succeeded", condition.reason)
    stage = failing_stage(job)
    said = (stage.message or stage.reason) if stage is not None else ""
    return Verdict(
        "Failed",
        condition.reason,
        stage=stage.name if stage else "",
        message=one_line(said or condition.message or job.status.message),
        command=after_failure(job, stage, home),
    )


def failing_stage(job: PipelineJob) -> StageStatus | None:
    """The first failed stage, in the pipeline's order."""
    failed = (each for each in job.status.stages if each.state == names.STAGE_FAILED_STATE)
    return next(failed, None)
