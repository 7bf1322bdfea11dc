"""What the sweep asks of batches: their books, what those name, and to forget the copy of some."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Final

from stagework.artifacts.store import Store
from stagework.batches.books import Books
from stagework.batches.errors import NotFrozen
from stagework.batches.layout import FOLDER, BatchFolder
from stagework.history.items import Items
from stagework.web.batch_source import BatchSource
from stagework.web.sweep_decision import BatchBooks, NamedByBatches, seconds_of

ASKED_AT_ONCE: Final = 500
"""Words in one question to the database."""
FORGOTTEN_AT_ONCE: Final = 2000
"""Rows deleted in one transaction."""


class BatchSweep:
    """Asks; what is to be done is decided elsewhere."""

    def __init__(self, store: Store, source: BatchSource, books: Books, items: Items) -> None:
        self._store = store
        self._source = source
        self._books = books
        self._items = items

    async def books(self, namespaces: tuple[str, ...]) -> list[BatchBooks]:
        """All that there are."""
        found: list[BatchBooks] = []
        for namespace in namespaces or await self._store.folders(""):
            for uid in await self._store.folders(f"{namespace}/{FOLDER}"):
                note = await self._store.read_note(f"{namespace}/{FOLDER}/{uid}")
                found.append(BatchBooks(namespace, uid, seconds_of(note)))
        return found

    async def living(self, namespaces: tuple[str, ...]) -> dict[tuple[str, str], float]:
        """Namespaces and uids of the Batches that are there, and when each was made (seconds since
        1970); asked after their books.
        """
        found = [known.metadata for known in await self._source.batch_objects(namespaces)]
        return {(meta.namespace, meta.uid): meta.creationTimestamp.timestamp() for meta in found}

    async def named(
        self,
        books: Sequence[BatchBooks],
        fresh: Collection[tuple[str, str]],
        digests: Sequence[str],
        runs: Sequence[str],
    ) -> NamedByBatches:
        """Of these uploads and runs those that books name; their copies are made whole before.

        `fresh`: Batches made lately. Raises HistoryError: then nothing proves what is not named.
        """
        if not (books or fresh) or not (digests or runs):
            return NamedByBatches()
        known = {(of_batch.namespace, of_batch.uid) for of_batch in books}
        frozen = [key for key in known if await self._is_whole(BatchFolder(*key))]
        return NamedByBatches(
            await _asked(self._items.uploads_named, digests),
            await _asked(self._items.children_named, runs),
            frozenset(namespace for namespace, uid in fresh if (namespace, uid) not in frozen),
        )

    async def _is_whole(self, folder: BatchFolder) -> bool:
        try:
            await self._books.facts(folder)
        except NotFrozen:
            return False
        return True

    async def forget(self, prefixes: Iterable[str]) -> None:
        """The copies of batches whose books were deleted."""
        for prefix in prefixes:
            uid = prefix.rpartition("/")[2]
            while await self._items.forget(uid, FORGOTTEN_AT_ONCE):
                pass


async def _asked(
    question: Callable[[Sequence[str]], Awaitable[frozenset[str]]], words: Sequence[str]
) -> frozenset[str]:
    named = frozenset[str]()
    for start in range(0, len(words), ASKED_AT_ONCE):
        named |= await question(words[start : start + ASKED_AT_ONCE])
    return named
