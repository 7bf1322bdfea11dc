"""Batches, their runs, and what is known of them at one moment."""

from typing import Any

from stagework.api.base import Metadata
from stagework.api.batch import Batch, BatchSpec, BatchStatus, FrozenManifest
from stagework.api.packed_chunk import Chunk, pack
from stagework.children.chunk_run import chunk_run_name
from stagework.plans.batch.snapshot import BatchSnapshot, ChildRun
from tests.support.builders.fleet import make_fleet
from tests.support.builders.runs import NAMESPACE, T0, make_pipeline

BATCH_NAME = "many"
BATCH_UID = "7d1f2a10-3b87-4e9e-9f5b-2f6a5f0f1a11"


def make_batch(status: BatchStatus | None = None, **spec: Any) -> Batch:
    """A batch of the Pipeline `ad-image`, of one inline item unless told otherwise."""
    fields: dict[str, Any] = {
        "pipelineRef": {"name": "ad-image"},
        "items": {"inline": [{"uri": "s3://b/1.png"}]},
        "parallelism": 2,
        **spec,
    }
    meta = Metadata(
        name=BATCH_NAME, namespace=NAMESPACE, uid=BATCH_UID, generation=1, creationTimestamp=T0
    )
    return Batch(
        metadata=meta, spec=BatchSpec.model_validate(fields), status=status or BatchStatus()
    )


def frozen(total: int = 100, *chunks: Chunk, **changes: Any) -> BatchStatus:
    """A batch whose list is frozen, with these chunks in flight, taken from the begin."""
    status = BatchStatus(
        manifest=FrozenManifest(total=total),
        total=total,
        roundTotal=total,
        startTime=T0,
        nextPosition=sum(chunk.count for chunk in chunks),
        open=[pack(chunk) for chunk in chunks],
    )
    return status.model_copy(update=changes)


def make_child(chunk: Chunk, uid: str = "", **changes: Any) -> ChildRun:
    """The run of a chunk; going on unless told otherwise."""
    name = chunk_run_name(BATCH_NAME, BATCH_UID, chunk)
    fields: dict[str, Any] = {"ended": False, "succeeded": False, "leaving": False, **changes}
    return ChildRun(name, uid or f"uid-{chunk.name}-{chunk.attempt}", **fields)


def batch_snapshot(batch: Batch, *children: ChildRun, **changes: Any) -> BatchSnapshot:
    """Its Pipeline is there, and these runs are."""
    fields: dict[str, Any] = {
        "pipeline": make_pipeline(),
        "children": {child.uid: child for child in children},
        **changes,
    }
    return BatchSnapshot(batch, make_fleet(), **fields)
