"""One run in full: where it stands, its stages, what it waits for."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.overview.attempts import AttemptRow, earlier_attempts
from stagework.overview.rows import RunRow, row


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage as a row."""

    stage: str
    state: str
    reason: str
    machine: str
    node: str
    attempt: int
    elapsed_seconds: float | None
    """From its container's start to its end, or to now; None before the start."""
    message: str
    log_line: str
    """How the log of its last attempt ends, where that failed."""
    earlier: tuple[AttemptRow, ...]
    """Attempts before this one, the oldest first."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that the run waits for."""

    stage: str
    """The stage that waits; empty where the whole run does."""
    cause: str
    """As one word."""
    message: str
    """As a sentence; may be empty."""


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything that a page about one run shows."""

    row: RunRow
    title: str
    """As a person gave it; may be empty."""
    pipeline: str
    """The Pipeline's name; empty for inline stages."""
    seen: bool
    """Whether the operator has reconciled it yet."""
    stages: tuple[StageRow, ...]
    waits: tuple[Wait, ...]
    """Without stages that only wait for another one."""


def detail(run: PipelineJob, now: datetime) -> RunDetail:
    """The run as it is now."""
    return RunDetail(
        row=row(run, now),
        title=run.spec.title,
        pipeline=run.spec.pipelineRef.name if run.spec.pipelineRef else "",
        seen=run.status.observedGeneration >= 0,
        stages=tuple(_stage_row(stage, now) for stage in run.status.stages),
        waits=() if run.status.ended else _waits(run),
    )


def _waits(run: PipelineJob) -> tuple[Wait, ...]:
    status = run.status
    if status.observedGeneration < 0:
        return ()
    waiting = tuple(
        Wait(stage.name, stage.reason or stage.state, stage.message)
        for stage in status.stages
        if not stage.ended
        and stage.state != names.STAGE_RUNNING
        and stage.reason != names.WAIT_DEPENDENCY
    )
    if not waiting and not status.stages and status.summary != names.RUNNING:
        return (Wait("", status.summary, status.message),)
    return waiting


def _stage_row(stage: StageStatus, now: datetime) -> StageRow:
    # What a person has skipped did not run until then: when its last attempt ended is not known.
    begun = None if stage.skip is not None and stage.commit is None else stage.startTime
    seconds = ((stage.completionTime or now) - begun).total_seconds() if begun else None
    return StageRow(
        stage=stage.name,
        state=stage.state,
        reason=stage.reason,
        machine=stage.machine,
        node=stage.node,
        attempt=stage.attempt,
        elapsed_seconds=seconds,
        message=stage.message,
        log_line=stage.logLine,
        earlier=earlier_attempts(stage, now),
    )
