"""A batch with its live numbers, for the API service, the command line and the page alike."""

from collections.abc import Iterable
from datetime import UTC, datetime

from stagework.api import names
from stagework.api.batch import Batch
from stagework.api.batch_answers import BatchDetail, BatchRow
from stagework.api.conditions import find
from stagework.api.estimates import EstimateError
from stagework.policies.handled_items import handled_items, stored_chunks


def batch_row(batch: Batch) -> BatchRow:
    """As its status has them: nothing is counted twice."""
    meta, spec, status = batch.metadata, batch.spec, batch.status
    return BatchRow(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        title=spec.title or meta.name,
        tenant=spec.tenant,
        pipeline=spec.pipelineRef.name,
        priority=spec.priority,
        suspend=spec.suspend,
        state=_word(batch),
        message=status.message,
        succeeded=_succeeded(batch),
        total=status.total,
        done=status.done,
        failed=status.failed,
        skipped=status.skipped,
        running=status.running,
        handled=handled_items(status, stored_chunks((*status.open, *status.pieces))),
        percent=_number(status.percent),
        itemsPerMinute=status.itemsPerMinute,
        eta=status.eta,
        etaSeconds=status.etaSeconds,
        chunksOpen=status.chunks.open,
        chunksCompleted=status.chunks.completed,
        chunksFailed=status.chunks.failed,
        chunkSize=status.size.items if status.size is not None else None,
        chunkSizeReason=status.size.reason if status.size is not None else "",
        round=status.round,
        created=meta.creationTimestamp,
        started=status.startTime,
        completed=status.completionTime,
    )


def batch_detail(batch: Batch, past: Iterable[EstimateError] = ()) -> BatchDetail:
    """One batch whole; `past`: what estimates of earlier ones of its Pipeline were worth."""
    return BatchDetail(
        batch=batch_row(batch),
        spec=batch.spec,
        manifest=batch.status.manifest,
        failedSamples=batch.status.failedSamples,
        pastEstimates=[*past],
    )


def lasted_seconds(row: BatchRow, now: datetime) -> float:
    """Since its list was frozen, else since it was made; to its end, or to now."""
    return ((row.completed or now) - (row.started or row.created)).total_seconds()


def newest_first(batches: Iterable[Batch]) -> list[Batch]:
    """In the order of every list."""
    return sorted(batches, key=order, reverse=True)


def order(batch: Batch) -> tuple[datetime, str]:
    """When it was made; uids tell those of one second apart."""
    return batch.metadata.creationTimestamp.astimezone(UTC), batch.metadata.uid


def _word(batch: Batch) -> str:
    if batch.metadata.deletionTimestamp is not None:
        return names.DELETING
    return batch.status.summary or names.QUEUED


def _succeeded(batch: Batch) -> bool | None:
    condition = find(batch.status.conditions, names.SUCCEEDED)
    if condition is None or condition.status == "Unknown":
        return None
    return condition.status == "True"


def _number(percent: str) -> float:
    try:
        return float(percent)
    except ValueError:
        return 0.0
