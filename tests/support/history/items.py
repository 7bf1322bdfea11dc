"""The twin in memory of the copy of batches' items."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stagework.api.batch_book import WAITING, Item, ItemState, LedgerLine
from stagework.api.history import LikeBatches
from stagework.history.items import ChunkCost, Folded, KnownBatch, Standing
from stagework.policies.chunks.observed import ObservedChunk
from stagework.policies.item_address import upload_digest


@dataclass
class _Kept:
    item: Item
    line: LedgerLine
    fold: Folded = field(default_factory=lambda: Folded("", -1, 0, "", "", ""))


@dataclass
class _Copy:
    known: KnownBatch
    items: dict[int, _Kept] = field(default_factory=dict[int, _Kept])
    folds: dict[str, Folded] = field(default_factory=dict[str, Folded])


class MemoryItems:
    """See `Items`; `check` raises where the database is away."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self.copies: dict[str, _Copy] = {}
        self.spent: dict[tuple[str, str], ChunkCost] = {}
        """What chunks have cost, by batch and name of the fold."""

    async def known(self, uid: str) -> KnownBatch | None:
        self._check()
        return self.copies[uid].known if uid in self.copies else None

    async def begin(self, uid: str, namespace: str, name: str) -> None:
        self._check()
        self.copies.setdefault(uid, _Copy(KnownBatch(uid, namespace, name, 0, whole=False)))

    async def add(self, uid: str, first: int, items: Sequence[Item]) -> None:
        self._check()
        for number, item in enumerate(items, first):
            line = LedgerLine(number, item.id, WAITING, attempts=0)
            self.copies[uid].items.setdefault(number, _Kept(item, line))

    async def complete(self, uid: str, total: int) -> None:
        self._check()
        self.copies[uid].known = replace(self.copies[uid].known, total=total, whole=True)

    async def of_numbers(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Item]:
        self._check()
        kept = self._items(uid)
        return {number: kept[number].item for number in numbers if number in kept}

    async def standings(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Standing]:
        self._check()
        kept = self._items(uid)
        return {
            number: Standing(one.line.state, one.line.attempts, one.fold.round)
            for number in numbers
            if (one := kept.get(number)) is not None
        }

    async def numbers(self, uid: str, states: Sequence[str]) -> list[int]:
        self._check()
        kept = self._items(uid)
        return sorted(number for number, one in kept.items() if one.line.state in states)

    async def numbers_of_ids(self, uid: str, ids: Sequence[str]) -> Mapping[str, int]:
        self._check()
        kept = self._items(uid)
        return {one.item.id: number for number, one in kept.items() if one.item.id in ids}

    async def fold(self, uid: str, folded: Folded, lines: Sequence[LedgerLine]) -> None:
        self._check()
        copy = self.copies[uid]
        for line in lines:
            kept = copy.items[line.number]
            if (kept.fold.round, kept.fold.attempt) <= (folded.round, folded.attempt):
                copy.items[line.number] = _Kept(kept.item, line, folded)
        copy.folds[folded.name] = folded
        if folded.cost is not None:
            self.spent.setdefault((uid, folded.name), folded.cost)

    async def costs(self, like: LikeBatches, *, but: str) -> Mapping[str, list[ObservedChunk]]:
        self._check()
        known = [
            cost
            for (batch, _), cost in self.spent.items()
            if batch != but and (cost.namespace, cost.pipeline, cost.revision) == like[:3]
        ]
        found: dict[str, list[ObservedChunk]] = {}
        for cost in sorted(known, key=lambda cost: cost.ended)[-like.limit :]:
            found.setdefault(cost.machine, []).append(cost.observed)
        return found

    def sweep(self, before: int, limit: int) -> int:
        old = [key for key, cost in self.spent.items() if cost.ended < before][:limit]
        for key in old:
            del self.spent[key]
        return len(old)

    async def folds(self, uid: str) -> frozenset[str]:
        self._check()
        return frozenset(self.copies[uid].folds) if uid in self.copies else frozenset()

    async def page(
        self, uid: str, *, states: Sequence[str], after: int, limit: int
    ) -> list[ItemState]:
        self._check()
        kept = sorted(self._items(uid).items())
        found = [
            _state(one)
            for number, one in kept
            if number > after and (not states or one.line.state in states)
        ]
        return found[:limit]

    async def uploads_named(self, digests: Sequence[str]) -> frozenset[str]:
        self._check()
        named = {
            upload_digest(one.item.uri)
            for copy in self.copies.values()
            for one in copy.items.values()
        }
        return frozenset(named & set(digests))

    async def children_named(self, uids: Sequence[str]) -> frozenset[str]:
        self._check()
        named = {fold.child for copy in self.copies.values() for fold in copy.folds.values()}
        return frozenset(named & set(uids))

    async def has_child(self, uid: str, child: str) -> bool:
        self._check()
        folds = self.copies[uid].folds.values() if uid in self.copies else ()
        return any(fold.child == child for fold in folds)

    async def forget(self, uid: str, limit: int) -> int:
        self._check()
        copy = self.copies.get(uid)
        if copy is None:
            return 0
        for rows in (copy.items, copy.folds):
            old = sorted(rows)[:limit]
            for key in old:
                del rows[key]  # type: ignore[arg-type]
            if old:
                return len(old)
        del self.copies[uid]
        return 1

    def _items(self, uid: str) -> dict[int, _Kept]:
        return self.copies[uid].items if uid in self.copies else {}


def _state(kept: _Kept) -> ItemState:
    line = kept.line
    return ItemState(
        number=line.number,
        id=line.id,
        uri=kept.item.uri,
        state=line.state,
        reason=line.reason,
        message=line.message,
        attempts=line.attempts,
        chunk=kept.fold.chunk,
        machine=line.machine,
        seconds=line.seconds,
        ended=kept.fold.ended,
        outputs=line.outputs,
    )
