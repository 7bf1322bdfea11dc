"""How many items of a batch are handled: they have ended, and are not to run again?"""

from collections.abc import Iterable

from stagework.api.batch import BatchStatus
from stagework.api.packed_chunk import Chunk, unpack


def handled_items(status: BatchStatus, chunks: Iterable[Chunk]) -> int:
    """`chunks`: those in flight, and the parts that wait.

    After a reprocess items count as done or failed that are to run again: those are left out.
    """
    rest = unbegun_items(status) + sum(chunk.count for chunk in chunks)
    return max(0, min(status.counted, status.total - rest))


def unbegun_items(status: BatchStatus) -> int:
    """Items of this round and of those that wait which are in no chunk yet."""
    waiting = sum(count for _, count in waiting_rounds(status))
    return max(0, status.roundTotal - status.nextPosition) + waiting


def waiting_rounds(status: BatchStatus) -> list[tuple[int, int]]:
    """Number and positions of each round that comes later."""
    pairs = (line.partition(":") for line in status.waitingRounds)
    return [
        (int(number), int(count))
        for number, _, count in pairs
        if number.isdecimal() and count.isdecimal()
    ]


def stored_chunks(lines: Iterable[str]) -> tuple[Chunk, ...]:
    """As a status has them; what somebody has written there by hand counts for nothing."""
    chunks = (unpack(line) for line in lines)
    return tuple(chunk for chunk in chunks if chunk is not None)
