"""A batch in the words of the old batch service."""

from stagework.api.base import format_time
from stagework.api.batch_answers import BatchRow
from stagework.api.old_batch import OldBatchState


def old_batch(row: BatchRow) -> OldBatchState:
    """Ended: nothing is left to wait for. How a batch ends with failed items is no failure."""
    ended = row.succeeded is not None
    remaining = row.etaSeconds.p50 if row.etaSeconds is not None else None
    return OldBatchState(
        batch_id=row.name,
        status="STARTED" if row.succeeded is None else "SUCCESS" if row.succeeded else "FAILURE",
        total_images=row.total,
        completed_images=row.done + row.skipped,
        failed_images=row.failed,
        progress_percentage=row.percent,
        started_at=format_time(row.started) if row.started is not None else None,
        estimated_time_remaining=0 if ended else remaining,
    )
