"""Sweep: artifacts outlive their run by `keepSeconds`, then they go.

A run's absence is noted when it is first seen, and only what has been noted for the whole keep
time is deleted; so neither a restart nor a deleted run's age shortens the time. They stay as long
as a run that is there works on one of them. What people have uploaded goes when it is older than
the keep time and neither a living run names it nor, as a model, a Pipeline. A sweep that cannot
read the runs does nothing.

A batch's books go likewise, and with them the copy in history's tables. While they are there they
keep what they name: uploads that are items, and the artifacts of runs whose items were counted.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import Store
from stagework.batches.books import Books
from stagework.batches.layout import FOLDER
from stagework.history.errors import HistoryError
from stagework.history.items import Items
from stagework.web.artifact_path import BACKUPS, UPLOADS
from stagework.web.batch_sweep import BatchSweep
from stagework.web.cluster import ClusterReader
from stagework.web.errors import ClusterUnavailable
from stagework.web.sweep_decision import (
    Delete,
    Note,
    RunArtifacts,
    Upload,
    decide,
    decide_books,
    seconds_of,
)

EVERY_SECONDS: Final = 600.0
"""From one sweep to the next."""
_INCOMING_SECONDS: Final = 24 * 3600.0

_log = logging.getLogger("stagework.web.sweep")


class Sweeper:
    """Reads, decides, acts; one sweep at a time."""

    def __init__(
        self,
        store: Store,
        reader: ClusterReader,
        *,
        books: Books,
        items: Items,
        namespaces: tuple[str, ...],
        keep_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._reader = reader
        self._batches = BatchSweep(store, reader.batches, books, items)
        self._namespaces = namespaces
        self._keep_seconds = keep_seconds
        self._clock = clock

    async def run(self, every_seconds: float = EVERY_SECONDS) -> None:
        """Sweep until cancelled; a sweep that fails is tried again at its next time."""
        while True:
            try:
                await self.once()
            except (ClusterUnavailable, StoreError, HistoryError, OSError) as error:
                _log.warning("sweep given up", extra={"error": str(error)})
            await asyncio.sleep(every_seconds)

    async def once(self, *, dry_run: bool = False) -> list[Note | Delete]:
        """One sweep; gives what was done, or with `dry_run` what would be."""
        kept, uploaded = await self._inventory()
        runs = await self._reader.list_runs(self._namespaces)
        models = await self._reader.list_models(self._namespaces)
        now, keep = self._clock(), self._keep_seconds
        books = await self._batches.books(self._namespaces)
        old = [upload for upload in uploaded if now - upload.newest >= keep]
        gone = [of_run.run_uid for of_run in kept if of_run.gone_since is not None]
        living = await self._batches.living(self._namespaces)
        fresh = [key for key, made in living.items() if now - made < keep]
        digests = [upload.sha256 for upload in old]
        named = await self._batches.named(books, fresh, digests, gone)
        actions = decide(
            kept, uploaded, runs, models=models, named_by_batches=named, now=now, keep_seconds=keep
        )
        of_batches = decide_books(books, living, now=now, keep_seconds=keep)
        if dry_run:
            return [*actions, *of_batches]
        for action in [*actions, *of_batches]:
            await self._act(action)
        await self._batches.forget(
            action.prefix for action in of_batches if isinstance(action, Delete)
        )
        actions += of_batches
        await self._store.tidy(_INCOMING_SECONDS)
        return actions

    async def _act(self, action: Note | Delete) -> None:
        if isinstance(action, Note):
            since = None if action.gone_since is None else repr(action.gone_since)
            await self._store.write_note(action.prefix, since)
        else:
            count = await self._store.delete(action.prefix)
            _log.info("artifacts deleted", extra={"prefix": action.prefix, "files": count})

    async def _inventory(self) -> tuple[list[RunArtifacts], list[Upload]]:
        kept: list[RunArtifacts] = []
        uploaded: list[Upload] = []
        # Only where we may list runs: elsewhere nothing proves that a run is gone.
        for namespace in self._namespaces or await self._store.folders(""):
            if namespace == BACKUPS:
                continue
            for name in await self._store.folders(namespace):
                if name == FOLDER:
                    continue
                if name != UPLOADS:
                    note = await self._store.read_note(f"{namespace}/{name}")
                    kept.append(RunArtifacts(namespace, name, seconds_of(note)))
                    continue
                for sha256 in await self._store.folders(f"{namespace}/{UPLOADS}"):
                    newest = await self._store.newest(f"{namespace}/{UPLOADS}/{sha256}")
                    uploaded.append(Upload(namespace, sha256, newest))
        return kept, uploaded
