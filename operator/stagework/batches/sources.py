"""Where items come from: each kind of source, read piece by piece into a manifest's builder."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from stagework.api.batch_book import S3Source, Source, StageSource
from stagework.artifacts.errors import BadKeyError, NotStoredError
from stagework.artifacts.paths import checked
from stagework.artifacts.store import Store
from stagework.batches.errors import (
    INVALID_SOURCE,
    MANIFEST_TOO_LARGE,
    SOURCE_FORBIDDEN,
    SOURCE_MISSING,
    Refused,
)
from stagework.batches.line_reader import LineReader
from stagework.batches.manifest_builder import ManifestBuilder
from stagework.batches.stores import ItemStores
from stagework.policies.item_address import upload_digest
from stagework.policies.manifest_lines import Given, Unreadable, of_fields

_LISTED_AT_ONCE: Final = 1000
_MANIFESTS: Final = (".jsonl", ".ndjson", ".csv", ".txt")
"""A file of a stage that ends so is a list of items."""


@dataclass(frozen=True)
class Sources:
    """What a source is read with."""

    store: Store
    stores: ItemStores
    max_bytes: int

    async def read(self, source: Source, namespace: str, builder: ManifestBuilder) -> None:
        """All of it; raises Refused, StoreError and StoreUnavailable."""
        _require_one(source)
        if source.inline is not None:
            rows = ((item.id or "", item.uri or "", item.params or {}) for item in source.inline)
            numbered = [(line, of_fields(*row)) for line, row in enumerate(rows, 1)]
            await asyncio.to_thread(_add, builder, numbered)
        elif source.configMap is not None:
            await _lines(_once(source.configMap.encode(errors="replace")), builder)
        elif source.manifest is not None:
            await self._uploaded(source.manifest, namespace, builder)
        elif source.s3 is not None:
            await self._listed(source.s3, namespace, builder)
        elif source.stage is not None:
            await self._of_stage(source.stage, namespace, builder)

    async def _uploaded(self, uri: str, namespace: str, builder: ManifestBuilder) -> None:
        parts = urlsplit(uri)
        if parts.netloc != namespace or not upload_digest(uri):
            raise Refused(
                SOURCE_FORBIDDEN,
                f"a manifest is an upload of the batch's own namespace: artifact://{namespace}"
                "/uploads/<sha256>/<name>",
            )
        key = f"{namespace}/{unquote(parts.path).lstrip('/')}"
        await self._file(key, builder, "upload it (again): stagework upload")

    async def _of_stage(
        self, source: StageSource, namespace: str, builder: ManifestBuilder
    ) -> None:
        """A list of items, or a folder: then each file below it is an item."""
        if not source.prefix.startswith(f"{namespace}/"):
            raise Refused(SOURCE_FORBIDDEN, "the stage is of another namespace than the batch")
        path = source.path.strip("/")
        key = f"{source.prefix}/{path}" if path else source.prefix
        if path and await _has(self.store, key):
            if not path.endswith(_MANIFESTS):
                raise Refused(
                    INVALID_SOURCE,
                    f"{path[:100]!r} is a file of another kind: name a folder, or a list of items "
                    f"that ends in one of {' '.join(_MANIFESTS)}",
                )
            await self._file(key, builder, "name a path that the stage has left")
            return
        files = await self.store.files(checked(key))
        if not files:
            message = f"the stage has left nothing below {path[:100]!r}"
            raise Refused(SOURCE_MISSING, message)
        rows = [
            (line, Given("", f"artifact://{quote(f'{key}/{file.path}')}", {}), file.path)
            for line, file in enumerate(files, 1)
        ]
        await asyncio.to_thread(_add_named, builder, rows)

    async def _file(self, key: str, builder: ManifestBuilder, advice: str) -> None:
        try:
            opened = await self.store.open(key)
        except (NotStoredError, BadKeyError):
            raise Refused(SOURCE_MISSING, f"the list of items is not there: {advice}") from None
        if opened.size > self.max_bytes:
            raise Refused(
                MANIFEST_TOO_LARGE,
                f"the list has {opened.size} bytes, {self.max_bytes} are allowed: make several "
                "batches of it",
            )
        await _lines(opened.chunks, builder)

    async def _listed(self, source: S3Source, namespace: str, builder: ManifestBuilder) -> None:
        store = self.stores.named(namespace, source.store)
        rows: list[tuple[int, Given, str]] = []
        line = 0
        async for found in self.stores.found(store, source.prefix):
            if not found.key.endswith(source.suffix):
                continue
            line += 1
            name = found.key.removeprefix(f"{store.prefix}{source.prefix}").lstrip("/")
            rows.append((line, Given("", f"s3://{store.bucket}/{quote(found.key)}", {}), name))
            if len(rows) >= _LISTED_AT_ONCE:
                await asyncio.to_thread(_add_named, builder, rows)
                rows = []
        await asyncio.to_thread(_add_named, builder, rows)


def described(source: Source) -> str:
    """As one line."""
    if source.manifest is not None:
        return source.manifest
    if source.s3 is not None:
        return f"store {source.s3.store}, prefix {source.s3.prefix!r}"
    if source.stage is not None:
        return f"{source.stage.prefix}/{source.stage.path}"
    return "inline" if source.inline is not None else "ConfigMap"


def _require_one(source: Source) -> None:
    given = [source.inline, source.configMap, source.manifest, source.s3, source.stage]
    if sum(one is not None for one in given) != 1:
        message = "give exactly one of inline, configMapRef, manifest, s3 and from in items"
        raise Refused(INVALID_SOURCE, message)


async def _has(store: Store, key: str) -> bool:
    try:
        return await store.stat(key) is not None
    except BadKeyError as error:
        raise Refused(SOURCE_MISSING, str(error)) from None


async def _lines(chunks: AsyncIterator[bytes], builder: ManifestBuilder) -> None:
    reader = LineReader()
    async for chunk in chunks:
        await asyncio.to_thread(_add, builder, reader.feed(chunk))
    await asyncio.to_thread(_add, builder, reader.finish())


def _add(builder: ManifestBuilder, lines: Iterable[tuple[int, Given | Unreadable]]) -> None:
    for line, given in lines:
        builder.add(line, given)


def _add_named(builder: ManifestBuilder, rows: Iterable[tuple[int, Given, str]]) -> None:
    for line, given, name in rows:
        builder.add(line, given, name)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
