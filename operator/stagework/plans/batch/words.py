"""What a batch says of itself: summary, message, conditions, percent, items a minute."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.batch import BatchStatus
from stagework.api.causes import sentence
from stagework.api.conditions import Status, conditions_for
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import BatchSnapshot

_MINUTE: Final = 60.0


@dataclass(frozen=True)
class Said:
    """Where it stands, in a word and a sentence."""

    reason: str
    message: str
    succeeded: Status = "Unknown"
    stalled: bool = False


def status_of(
    snapshot: BatchSnapshot,
    progress: Progress,
    said: Said,
    answered: list[Answered],
    now: datetime,
) -> BatchStatus:
    """The whole status as it shall be."""
    meta, before = snapshot.batch.metadata, snapshot.batch.status
    ended = said.succeeded != "Unknown"
    status = progress.packed()
    message = sentence(said.message)
    return status.evolve(
        observedGeneration=meta.generation,
        conditions=conditions_for(
            status.conditions,
            meta.generation,
            succeeded=said.succeeded,
            reason=said.reason,
            message=message,
            now=now,
            stalled=said.stalled,
            paused=said.reason == names.SUSPENDED,
        ),
        summary=said.reason,
        message=message,
        percent=percent(progress),
        itemsPerMinute=_rate(status),
        completionTime=(before.completionTime or now) if ended else None,
        selector=f"{names.LABEL_BATCH_UID}={meta.uid}",
        answered=answered,
    )


def percent(progress: Progress) -> str:
    """Such as `47.0`: failed items are handled, too; empty before the list is frozen."""
    total = progress.status.total
    # Cut and not rounded: 100.0 is said when nothing is left.
    return f"{progress.handled * 1000 // total / 10:.1f}" if total else ""


def counted(progress: Progress) -> str:
    """How many items are handled, and how many of these failed."""
    status = progress.status
    parts = [f"{progress.handled} of {status.total} items handled"]
    if status.failed:
        parts.append(f"{status.failed} failed")
    if status.skipped:
        parts.append(f"{status.skipped} skipped")
    manifest = status.manifest
    if manifest is not None and manifest.unreadableCount:
        parts.append(f"{manifest.unreadableCount} lines of the list hold no item")
    if manifest is not None and manifest.duplicateCount:
        parts.append(f"{manifest.duplicateCount} items stood in it twice")
    return ", ".join(parts)


def _rate(status: BatchStatus) -> str:
    """From the begin to the last chunk that was counted: the same however often it is asked."""
    if status.startTime is None or status.lastChunkTime is None or not status.counted:
        return ""
    began = status.startTime.replace(microsecond=0)
    seconds = (status.lastChunkTime.replace(microsecond=0) - began).total_seconds()
    return f"{status.counted * _MINUTE / max(seconds, 1.0):.1f}"
