"""What has happened to a batch: metrics are read from it; and what history keeps of one."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api.batch import Batch, BatchStatus
from stagework.api.facts import BatchFact
from stagework.plans.plan import Fact


def has_news(before: BatchStatus, after: BatchStatus) -> bool:
    """Whether history shall hear of it: its list is frozen, it has ended, or goes on again."""
    frozen = before.manifest is None and after.manifest is not None
    return frozen or before.ended != after.ended or before.round != after.round


def fact_of(batch: Batch, status: BatchStatus, at: datetime) -> BatchFact:
    """How it stands with this status; `at`: since when nothing that it says can have been older."""
    meta, spec = batch.metadata, batch.spec
    return BatchFact.unchecked(
        {
            "uid": meta.uid,
            "at": at,
            "namespace": meta.namespace,
            "name": meta.name,
            "pipeline": spec.pipelineRef.name,
            "revision": str(status.pipelineGeneration or ""),
            "title": spec.title,
            "tenant": spec.tenant,
            "priority": spec.priority,
            "created": meta.creationTimestamp,
            "started": status.startTime,
            "ended": status.completionTime if status.ended else None,
            "state": status.summary,
            "message": status.message,
            "total": status.total,
            "done": status.done,
            "failed": status.failed,
            "skipped": status.skipped,
            "chunks": status.chunks.completed,
            "failedChunks": status.chunks.failed,
            "rounds": status.round,
            "estimates": ",".join(status.estimates),
        }
    )


@dataclass(frozen=True, slots=True)
class ItemsCounted(Fact):
    """The counts of a batch have changed by so many."""

    done: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ChunkCounted(Fact):
    """A chunk's run was counted."""

    outcome: str
    """Succeeded or Failed."""
