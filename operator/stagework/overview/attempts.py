"""The attempts of a stage: which has begun last, and how those before the current one ended."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api.stage_status import StageStatus


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt that has ended without the outcome that counts."""

    stage: str
    attempt: int
    reason: str
    exit_code: int | None
    seconds_ago: float | None
    """Since its end; None where that is not known."""


def last_begun(stage: StageStatus) -> int:
    """Number of the attempt that has begun last; the current one where none has."""
    unused = stage.waiting and not stage.pod
    return stage.attempt - 1 if unused and stage.attempt > 1 else stage.attempt


def earlier_attempts(stage: StageStatus, now: datetime) -> tuple[AttemptRow, ...]:
    """The last attempts before the current one, the oldest first."""
    return tuple(
        AttemptRow(
            stage.name,
            ended.attempt,
            ended.reason,
            ended.exitCode,
            (now - ended.time).total_seconds() if ended.time is not None else None,
        )
        for ended in stage.earlier
    )
