"""One answer each to the questions that every view asks of a run and of its stages.

Done counts as progress: the stage succeeded or was skipped. Ended needs nothing more: done, failed
for good, or not to be run. Active has a slot: it starts or runs. What is neither ended nor active
waits.
"""

from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, StageStatus

_DONE: Final = frozenset({names.STAGE_SUCCEEDED, names.STAGE_SKIPPED})
_ENDED: Final = _DONE | {names.STAGE_FAILED_STATE, names.STAGE_NOT_RUN}
_ACTIVE: Final = frozenset({names.STAGE_STARTING, names.STAGE_RUNNING})


def done(stage: StageStatus) -> bool:
    """Whether it counts as progress."""
    return stage.state in _DONE


def ended(stage: StageStatus) -> bool:
    """Whether it needs nothing more, well or not; only a person brings it back."""
    return stage.state in _ENDED


def active(stage: StageStatus) -> bool:
    """Whether it has a slot."""
    return stage.state in _ACTIVE


def waiting(stage: StageStatus) -> bool:
    """Whether it has neither ended nor a slot; its reason says what it waits for."""
    return not ended(stage) and not active(stage)


def done_count(status: PipelineJobStatus) -> int:
    """How many stages are done, of `len(status.stages)`."""
    return sum(done(stage) for stage in status.stages)


def current_stage(status: PipelineJobStatus) -> StageStatus | None:
    """The stage to speak of; None before the run has any. The first of these in pipeline order:

    1. one that runs, 2. one that starts, 3. one whose turn it is and that waits for something
    else than other stages, 4. one that waits, 5. one that failed, 6. the last.
    """
    stages = status.stages
    pending = [stage for stage in stages if waiting(stage)]
    candidates = [
        *(stage for stage in stages if stage.state == names.STAGE_RUNNING),
        *(stage for stage in stages if stage.state == names.STAGE_STARTING),
        *(stage for stage in pending if stage.reason != names.WAIT_DEPENDENCY),
        *pending,
        *(stage for stage in stages if stage.state == names.STAGE_FAILED_STATE),
        *stages[-1:],
    ]
    return candidates[0] if candidates else None


def failing_stage(status: PipelineJobStatus) -> StageStatus | None:
    """The first failed stage, in the pipeline's order."""
    failed = (stage for stage in status.stages if stage.state == names.STAGE_FAILED_STATE)
    return next(failed, None)


def begin(run: PipelineJob) -> datetime:
    """Since when the run's time counts: its acceptance, before that its creation."""
    return run.status.startTime or run.metadata.creationTimestamp


def elapsed_seconds(run: PipelineJob, now: datetime) -> float:
    """From the run's begin to its end, or to now while it goes on."""
    return ((run.status.completionTime or now) - begin(run)).total_seconds()
