"""A batch in the middle of a decision: its status, and the chunks that this names, unpacked."""

from dataclasses import dataclass, replace
from typing import Self

from stagework.api.batch import BatchStatus, ChunkCounts
from stagework.api.packed_chunk import Chunk, pack
from stagework.policies.handled_items import handled_items, stored_chunks, unbegun_items


@dataclass(frozen=True)
class Progress:
    """How far it has come."""

    status: BatchStatus
    open: tuple[Chunk, ...] = ()
    """In flight: recorded, and their runs made or being made."""
    pieces: tuple[Chunk, ...] = ()
    """Parts of chunks that wait to be run again."""

    def within(self, status: BatchStatus) -> Self:
        """With another status."""
        return replace(self, status=status)

    def without(self, chunk: Chunk) -> Self:
        """That chunk is not in flight any more."""
        return replace(self, open=tuple(other for other in self.open if other is not chunk))

    def instead(self, chunk: Chunk, other: Chunk) -> Self:
        """Another attempt, or more that is known of it."""
        return replace(self, open=tuple(other if known is chunk else known for known in self.open))

    @property
    def unbegun(self) -> int:
        """Items of this round and of those that wait which are in no chunk yet."""
        return unbegun_items(self.status)

    @property
    def rest(self) -> int:
        """Items that have not ended: in no chunk yet, in flight, or in parts that wait."""
        return self.unbegun + sum(chunk.count for chunk in (*self.open, *self.pieces))

    @property
    def handled(self) -> int:
        """Items that have ended and are not run again."""
        return handled_items(self.status, (*self.open, *self.pieces))

    def packed(self) -> BatchStatus:
        """The status with all of it."""
        chunks = self.status.chunks
        counts = ChunkCounts(completed=chunks.completed, failed=chunks.failed, open=len(self.open))
        return self.status.evolve(
            open=[pack(chunk) for chunk in self.open],
            pieces=[pack(chunk) for chunk in self.pieces],
            running=sum(chunk.count for chunk in self.open),
            chunks=counts,
        )


def progress_of(status: BatchStatus) -> Progress:
    """As it is stored; what somebody has written there by hand counts for nothing."""
    return Progress(status, stored_chunks(status.open), stored_chunks(status.pieces))
