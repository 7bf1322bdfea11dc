"""Which chunks are begun now? As many as there is room for: parts that wait first, then the round.

They are recorded here; their runs are made once that is stored. A round that is used up gives way
to the next one: what is run again is in no chunk any more when it is chosen.
"""

from collections.abc import Mapping
from dataclasses import replace

from stagework.api.batch import CHUNK_DEFAULT, BatchSpec, BatchStatus, ChunkSize
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.measured import fits_of, usual_class
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import BatchSnapshot
from stagework.policies.chunks.fit import History
from stagework.policies.chunks.size import Chunking, Size, chunk_size
from stagework.policies.handled_items import waiting_rounds


def begun(snapshot: BatchSnapshot, progress: Progress, priors: Mapping[str, History]) -> Progress:
    """With as many more chunks as may be in flight."""
    room = snapshot.batch.spec.parallelism - len(progress.open)
    while room > 0:
        chunk: Chunk | None
        if progress.pieces:
            first, *others = progress.pieces
            chunk = first
            progress = replace(progress, pieces=tuple(others))
        else:
            progress, chunk = _next(snapshot, progress, priors, room)
        if chunk is None:
            return progress
        progress = replace(progress, open=(*progress.open, chunk))
        room -= 1
    return progress


def chunking_of(spec: BatchSpec) -> int | Chunking:
    """As a person wants it."""
    if spec.chunking is None:
        return spec.chunkSize or CHUNK_DEFAULT
    return Chunking(float(spec.chunking.targetSeconds), spec.chunking.min, spec.chunking.max)


def smallest_timeout(snapshot: BatchSnapshot) -> float | None:
    """Of the stages of its Pipeline; seconds."""
    if snapshot.pipeline is None:
        return None
    return float(min(stage.timeoutSeconds for stage in snapshot.pipeline.spec.stages))


def slots_of(snapshot: BatchSnapshot, progress: Progress, usual: str) -> tuple[str, ...]:
    """The class of each slot that it has now: of what works, and as many as it may have; `usual`:
    of those that nothing works on yet.
    """
    working = [
        snapshot.children[chunk.uid] for chunk in progress.open if chunk.uid in snapshot.children
    ]
    classes = [child.machine or usual for child in working]
    idle = snapshot.batch.spec.parallelism - len(classes)
    return (*classes, *([usual] * max(0, idle)))


def _next(
    snapshot: BatchSnapshot, progress: Progress, priors: Mapping[str, History], room: int
) -> tuple[Progress, Chunk | None]:
    status = _at_a_round(progress.status)
    left = status.roundTotal - status.nextPosition
    if left <= 0:
        return progress.within(status), None
    size = _size(snapshot, progress, priors, left, room)
    count = max(1, min(size.items, left))
    chunk = Chunk(status.round, status.nextPosition, count)
    status = status.evolve(
        nextPosition=status.nextPosition + count,
        size=ChunkSize(items=count, reason=size.reason),
    )
    return progress.within(status), chunk


def _at_a_round(status: BatchStatus) -> BatchStatus:
    """At the next round where this one is used up."""
    while status.nextPosition >= status.roundTotal and (waiting := waiting_rounds(status)):
        number, count = waiting[0]
        status = status.evolve(
            round=number,
            nextPosition=0,
            roundTotal=count,
            waitingRounds=status.waitingRounds[1:],
        )
    return status


def _size(
    snapshot: BatchSnapshot,
    progress: Progress,
    priors: Mapping[str, History],
    left: int,
    room: int,
) -> Size:
    chunking = chunking_of(snapshot.batch.spec)
    if isinstance(chunking, int):
        return Size(chunking, "Limit")
    fits = fits_of(progress.status, priors)
    machine = usual_class(progress.status, priors)
    slots = slots_of(snapshot, progress, machine)
    return chunk_size(
        chunking,
        fits,
        machine,
        rest=left,
        live=slots,
        idle=room,
        timeout=smallest_timeout(snapshot),
    )
