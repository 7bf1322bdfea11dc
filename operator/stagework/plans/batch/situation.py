"""What has become of a chunk in flight? Classified first, acted upon elsewhere.

1. Its run is there, by a uid that is on record or that our own create has told: it is going, or it
   has ended. 2. It was there, and Pods of it outlive it: they must end first. 3. The API server
   takes no such run, for good. 4. Its run is to be made: it never was, or somebody has deleted it.
"""

from dataclasses import dataclass, replace

from stagework.api.packed_chunk import Chunk
from stagework.children.chunk_run import chunk_run_name
from stagework.plans.batch.snapshot import BatchSnapshot, ChildRun
from stagework.plans.plan import Refusal, creation


@dataclass(frozen=True)
class Going:
    """Its run has not ended."""

    child: ChildRun


@dataclass(frozen=True)
class Ended:
    """Its run has ended."""

    child: ChildRun


@dataclass(frozen=True)
class Outlived:
    """Its run is gone, and what it was doing is not over."""

    uid: str
    """Of that run."""


@dataclass(frozen=True)
class Impossible:
    """Its run can never be made as it is written."""

    refusal: Refusal


@dataclass(frozen=True)
class Unmade:
    """Its run is to be made."""


Situation = Going | Ended | Outlived | Impossible | Unmade


def situation_of(snapshot: BatchSnapshot, chunk: Chunk) -> tuple[Chunk, Situation]:
    """The chunk with what is known of its run now, and what has become of it."""
    meta = snapshot.batch.metadata
    name = chunk_run_name(meta.name, meta.uid, chunk)
    while name in snapshot.made.taken:
        chunk = replace(chunk, remake=chunk.remake + 1, uid="")
        name = chunk_run_name(meta.name, meta.uid, chunk)
    made = snapshot.made.children.get(name)
    uids = [uid for uid in (chunk.uid, made.uid if made is not None else "") if uid]
    child = next((snapshot.children[uid] for uid in uids if uid in snapshot.children), None)
    if child is not None:
        known = replace(chunk, uid=child.uid)
        return known, Ended(child) if child.ended else Going(child)
    gone = next((uid for uid in uids if uid in snapshot.outliving), "")
    if gone:
        return chunk, Outlived(gone)
    chunk = replace(chunk, uid="")
    refusal = snapshot.refusals.get(creation(chunk.name, chunk.attempt))
    if refusal is not None and refusal.final:
        return chunk, Impossible(refusal)
    return chunk, Unmade()
