"""The copy of batches' items that questions are asked of, as a Protocol.

The truth is in files (`stagework.batches`): whoever finds the copy missing or behind makes it anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stagework.api.batch_book import Item, ItemState, LedgerLine
from stagework.api.history import LikeBatches
from stagework.policies.chunks.observed import ObservedChunk


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """A batch of which there is a copy."""

    uid: str
    namespace: str
    name: str
    total: int
    whole: bool
    """All its items are there, and what was folded before that was asked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item stands."""

    state: str
    attempts: int
    round: int = -1
    """In which that was; -1: it was never folded."""


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """What a chunk that ended well has cost, and of what it was one."""

    namespace: str
    pipeline: str
    revision: str
    machine: str
    ended: int
    """Microseconds since 1970."""
    observed: ObservedChunk


@dataclass(frozen=True, slots=True)
class Folded:
    """A chunk's attempt that was folded."""

    name: str
    round: int
    attempt: int
    chunk: str
    child: str
    """Uid of its run."""
    ended: str
    cost: ChunkCost | None = None
    """None: it failed, or its time or class is not known."""


class Items(Protocol):
    """Raises HistoryUnavailable wherever the database cannot do it now."""

    async def known(self, uid: str) -> KnownBatch | None:
        """The batch, or None."""
        ...

    async def begin(self, uid: str, namespace: str, name: str) -> None:
        """A copy is made; what is there of it stays."""
        ...

    async def add(self, uid: str, first: int, items: Sequence[Item]) -> None:
        """Items from this number on; those that are there stay as they are."""
        ...

    async def complete(self, uid: str, total: int) -> None:
        """The copy is whole."""
        ...

    async def of_numbers(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Item]:
        """Items by their numbers; those that there are."""
        ...

    async def standings(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Standing]:
        """How they stand."""
        ...

    async def numbers(self, uid: str, states: Sequence[str]) -> list[int]:
        """Of all items in one of these states, in their order."""
        ...

    async def numbers_of_ids(self, uid: str, ids: Sequence[str]) -> Mapping[str, int]:
        """By ids; those that there are."""
        ...

    async def fold(self, uid: str, folded: Folded, lines: Sequence[LedgerLine]) -> None:
        """What became of items; what a later round or attempt has said of one stays. Safe to do
        again.
        """
        ...

    async def costs(self, like: LikeBatches, *, but: str) -> Mapping[str, list[ObservedChunk]]:
        """What the last chunks of such batches have cost, by machine class, the oldest first; of
        all but that batch. It outlives the batch.
        """
        ...

    async def folds(self, uid: str) -> frozenset[str]:
        """Names of all that was folded."""
        ...

    async def page(
        self, uid: str, *, states: Sequence[str], after: int, limit: int
    ) -> list[ItemState]:
        """Items behind this number, in their order; of these states, or of all where none is."""
        ...

    async def uploads_named(self, digests: Sequence[str]) -> frozenset[str]:
        """Those of these uploads that an item names."""
        ...

    async def children_named(self, uids: Sequence[str]) -> frozenset[str]:
        """Those of these runs that were folded."""
        ...

    async def has_child(self, uid: str, child: str) -> bool:
        """Whether what this run has left was folded into the batch."""
        ...

    async def forget(self, uid: str, limit: int) -> int:
        """Delete of a batch at most so many rows; how many. None is left where it gives 0."""
        ...
