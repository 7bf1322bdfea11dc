"""Makes the copy of a batch in history's tables, anew or only what it lacks, from the files."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from stagework.api.batch_book import SUCCEEDED, Item, ManifestFacts
from stagework.artifacts.errors import NotStoredError
from stagework.artifacts.store import Store
from stagework.batches import fold_files
from stagework.batches.errors import NotFrozen
from stagework.batches.fold_files import Fold
from stagework.batches.freezing import read_facts
from stagework.batches.layout import BatchFolder, fold_order
from stagework.history.items import ChunkCost, Folded, Items
from stagework.history.rows import micros
from stagework.policies.chunks.observed import SHORTEST_SECONDS, ObservedChunk

ADDED_AT_ONCE: Final = 2000
"""Items written in one transaction: who writes meanwhile waits for no more."""
_SUFFIX: Final = ".jsonl"

_item = msgspec.json.Decoder(Item)


class Copies:
    """Not safe for two at once on one batch: `Books` sees to that."""

    def __init__(self, store: Store, items: Items) -> None:
        self._store = store
        self._items = items
        self._facts: dict[str, ManifestFacts] = {}
        """Batches whose folds were compared with the files, in this process."""

    async def ensure(self, folder: BatchFolder) -> ManifestFacts:
        """The copy is whole; raises NotFrozen.

        Whoever names a folder writes its namespace: a uid of another one's batch is no batch here.
        """
        known = await self._items.known(folder.uid)
        if known is not None and known.namespace != folder.namespace:
            raise NotFrozen
        facts = self._facts.get(str(folder))
        if facts is not None and known is not None and known.whole:
            return facts
        facts = await read_facts(self._store, folder)
        if facts is None:
            raise NotFrozen
        if known is None or not known.whole:
            await self._items.begin(folder.uid, folder.namespace, facts.name)
            await self._add_items(folder)
        await self._add_folds(folder)
        await self._items.complete(folder.uid, facts.total)
        self._facts[str(folder)] = facts
        return facts

    async def apply(self, folder: BatchFolder, fold: Fold) -> None:
        """A fold whose file is written."""
        await self._items.fold(folder.uid, _folded(folder, fold), fold.lines)

    async def _add_items(self, folder: BatchFolder) -> None:
        number, rest = 0, b""
        items: list[Item] = []
        async for chunk in (await self._store.open(folder.manifest)).chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            items += await asyncio.to_thread(_decoded, lines)
            while len(items) >= ADDED_AT_ONCE:
                await self._items.add(folder.uid, number, items[:ADDED_AT_ONCE])
                number, items = number + ADDED_AT_ONCE, items[ADDED_AT_ONCE:]
        if items:
            await self._items.add(folder.uid, number, items)

    async def _add_folds(self, folder: BatchFolder) -> None:
        """Those of which the copy knows nothing, the earlier ones first."""
        try:
            files = await self._store.files(folder.folds)
        except NotStoredError:
            files = []
        there = {file.path.removesuffix(_SUFFIX) for file in files}
        lacking = there - await self._items.folds(folder.uid)
        ordered = sorted((order, name) for name in lacking if (order := fold_order(name)))
        for _, name in ordered:
            fold = await fold_files.read(self._store, folder, name)
            if fold is not None:
                await self.apply(folder, fold)


def _decoded(lines: list[bytes]) -> list[Item]:
    return [_item.decode(line) for line in lines]


def _folded(folder: BatchFolder, fold: Fold) -> Folded:
    request = fold.head.request
    return Folded(
        name=request.name,
        round=request.round,
        attempt=request.attempt,
        chunk=f"r{request.round}-{request.start}-{request.count}",
        child=request.child.uid,
        ended=request.endedAt or "",
        cost=_cost(folder, fold),
    )


def _cost(folder: BatchFolder, fold: Fold) -> ChunkCost | None:
    """Of one that ended well, and of which is known how long it took, and where."""
    request = fold.head.request
    seconds = [stage.seconds for stage in request.stages if stage.seconds is not None]
    ended = _micros(request.endedAt or "")
    known = request.outcome == SUCCEEDED and request.pipeline and request.machine
    if not known or not seconds or ended is None:
        return None
    took = max(sum(seconds), SHORTEST_SECONDS)
    chunk = ObservedChunk(request.count, took, fold.head.answer.firstToLastSeconds)
    like = (folder.namespace, request.pipeline, request.revision)
    return ChunkCost(*like, request.machine, ended, chunk)


def _micros(time: str) -> int | None:
    try:
        return micros(datetime.fromisoformat(time))
    except (ValueError, TypeError):  # TypeError: one without a zone
        return None
