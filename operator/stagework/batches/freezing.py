"""Freezes manifests, in the background and one at a time: asked again and again until it is done.

What is frozen stands in two files, the facts last: once those are there nothing changes it. A
refusal is remembered while this process lives, and comes to the same again after it; what may pass
(a store that does not answer) is forgotten once it was told, and the next question begins anew.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from stagework.api.batch_book import FreezeRequest, ManifestFacts
from stagework.artifacts.store import Store, put
from stagework.batches import small_files
from stagework.batches.errors import Refused
from stagework.batches.layout import BatchFolder
from stagework.batches.manifest_builder import ManifestBuilder
from stagework.batches.sources import Sources, described
from stagework.policies.item_address import Allowed

PATIENCE_SECONDS: Final = 1.0
"""A question waits so long for an answer: most manifests are small."""
REFUSALS_MAX: Final = 1000
"""So many refusals are remembered."""
FACTS_BYTES: Final = 1024 * 1024

_log = logging.getLogger("stagework.batches")


@dataclass(frozen=True)
class StillFreezing:
    """Ask again."""

    items: int
    """So far."""


@dataclass
class _Work:
    task: "asyncio.Task[ManifestFacts]"
    builder: ManifestBuilder


class Freezer:
    """One for the whole service."""

    def __init__(
        self,
        store: Store,
        sources: Sources,
        allowed: Callable[[str], Allowed],
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`allowed`: what the items of a namespace's batches may name."""
        self._store = store
        self._sources = sources
        self._allowed = allowed
        self._patience = patience
        self._works: dict[str, _Work] = {}
        self._refusals: dict[str, Refused] = {}
        self._turns = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(1))
        """One at a time of each namespace: a long list keeps nobody else waiting."""

    async def freeze(
        self, folder: BatchFolder, request: FreezeRequest
    ) -> ManifestFacts | StillFreezing:
        """What is frozen, or how far it is; raises Refused, StoreError, StoreUnavailable."""
        frozen = await read_facts(self._store, folder)
        if frozen is not None:
            return frozen
        if str(folder) in self._refusals:
            raise self._refusals[str(folder)]
        work = self._works.get(str(folder)) or self._begun(folder, request)
        done, _ = await asyncio.wait([work.task], timeout=self._patience)
        if not done:
            return StillFreezing(work.builder.total)
        self._works.pop(str(folder), None)
        try:
            return work.task.result()
        except Refused as refusal:
            while len(self._refusals) >= REFUSALS_MAX:
                del self._refusals[next(iter(self._refusals))]
            self._refusals[str(folder)] = refusal
            raise

    async def close(self) -> None:
        """End what is going on."""
        tasks = [work.task for work in self._works.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begun(self, folder: BatchFolder, request: FreezeRequest) -> _Work:
        stage = request.source.stage
        beside = stage.prefix if stage is not None else ""
        allowed = replace(self._allowed(folder.namespace), beside=beside)
        builder = ManifestBuilder(allowed, max_bytes=self._sources.max_bytes)
        task = asyncio.create_task(self._frozen(folder, request, builder, beside))
        work = self._works[str(folder)] = _Work(task, builder)
        return work

    async def _frozen(
        self, folder: BatchFolder, request: FreezeRequest, builder: ManifestBuilder, beside: str
    ) -> ManifestFacts:
        try:
            async with self._turns[folder.namespace]:
                await self._sources.read(request.source, folder.namespace, builder)
                await asyncio.to_thread(builder.finish)
                facts = _facts(builder, request, beside)
                await put(
                    self._store, folder.manifest, _chunks(builder), builder.size, facts.sha256
                )
                await small_files.write(self._store, folder.facts, msgspec.json.encode(facts))
        finally:
            builder.close()
        _log.info("manifest frozen", extra={"batch": str(folder), "items": facts.total})
        return facts


async def read_facts(store: Store, folder: BatchFolder) -> ManifestFacts | None:
    """What is known of the frozen manifest; None: it is not frozen."""
    raw = await small_files.read(store, folder.facts, FACTS_BYTES)
    return msgspec.json.decode(raw, type=ManifestFacts) if raw is not None else None


def _facts(builder: ManifestBuilder, request: FreezeRequest, beside: str) -> ManifestFacts:
    return ManifestFacts(
        name=request.name,
        total=builder.total,
        sha256=builder.sha256,
        duplicates=builder.duplicates,
        duplicateCount=builder.duplicate_count,
        unreadable=builder.unreadable,
        unreadableCount=builder.unreadable_count,
        source=described(request.source)[:1024],
        beside=beside,
    )


async def _chunks(builder: ManifestBuilder) -> AsyncIterator[bytes]:
    chunks = builder.chunks()
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk
