"""Artifacts in an S3-compatible store (through obstore); Pods read and write it by presigned
addresses, so that no key of it is ever in a Pod and no byte goes through the API service.

S3 has no rename and no folders: what people upload is put under a temporary key, digested on
the way, copied to its own key, and the temporary one deleted.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import obstore
from obstore.store import LocalStore, MemoryStore, S3Store

from stagework.artifacts.errors import NotStoredError, TooLargeError
from stagework.artifacts.measured import Measured
from stagework.artifacts.paths import checked
from stagework.artifacts.store import Entry, OpenFile, Received
from stagework.settings import S3Settings

if TYPE_CHECKING:
    from obstore import ObjectMeta

PRESIGNED_SECONDS: Final = 900
"""How long a presigned address can be used."""
_CHUNK_BYTES: Final = 1024 * 1024
_INCOMING: Final = ".incoming"
_NOTE: Final = ".note"

# The types of its listings name Arrow tables too, which we neither install nor ask for.
_untyped: Any = obstore

Backend = S3Store | MemoryStore | LocalStore
"""What obstore offers; the last two stand in for S3 in tests and cannot presign."""


def connect(settings: S3Settings) -> S3Store:
    """The bucket of the settings; keys are read from their files once, at start."""
    prefix = settings.prefix.strip("/")
    return S3Store(
        settings.bucket,
        prefix=prefix or None,
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=Path(settings.accessKeyIdFile).read_text().strip(),
        secret_access_key=Path(settings.secretAccessKeyFile).read_text().strip(),
        virtual_hosted_style_request=False,
        client_options={"allow_http": settings.endpoint.startswith("http://")},
    )


class ObjectStore:
    """A Store over one bucket."""

    def __init__(self, backend: Backend, *, max_file_bytes: int) -> None:
        self._backend = backend
        self._max = max_file_bytes

    async def receive(self, chunks: AsyncIterator[bytes], size: int, sha256: str = "") -> Received:
        """Put the bytes under a temporary key; see Store.receive."""
        if size > self._max:
            raise TooLargeError(size, self._max)
        measured = Measured(chunks, size, sha256)
        place = f"{_INCOMING}/{secrets.token_hex(16)}"
        received = Received(place, size, "")
        try:
            await obstore.put_async(self._backend, place, aiter(measured))
            measured.check()
        except BaseException:
            await self.drop(received)
            raise
        return Received(place, measured.size, measured.sha256)

    async def keep(self, received: Received, key: str) -> None:
        """Copy to the key, then delete the temporary one."""
        await obstore.copy_async(self._backend, received.place, checked(key))
        await self.drop(received)

    async def drop(self, received: Received) -> None:
        """Delete the temporary key."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._backend, received.place)

    async def open(self, key: str) -> OpenFile:
        """Read an object as a stream."""
        try:
            answer = await obstore.get_async(self._backend, checked(key))
        except FileNotFoundError as error:
            raise NotStoredError(key) from error

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in answer.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

        return OpenFile(answer.meta["size"], "", chunks())

    async def stat(self, key: str) -> Entry | None:
        """Size of an object, or None."""
        try:
            meta = await obstore.head_async(self._backend, checked(key))
        except FileNotFoundError:
            return None
        return Entry(key, meta["size"])

    async def files(self, prefix: str) -> list[Entry]:
        """All objects below a prefix, our notes apart."""
        start = f"{checked(prefix)}/"
        entries = [
            Entry(meta["path"].removeprefix(start), meta["size"])
            for meta in await self._below(prefix)
        ]
        return sorted((e for e in entries if e.path != _NOTE), key=lambda entry: entry.path)

    async def folders(self, prefix: str) -> list[str]:
        """Common prefixes right below a prefix."""
        start = checked(prefix) if prefix else None
        answer = await _untyped.list_with_delimiter_async(self._backend, start)
        listing = cast("Mapping[str, object]", answer)
        prefixes = cast("Sequence[str]", listing["common_prefixes"])
        names = (path.rstrip("/").rpartition("/")[2] for path in prefixes)
        return sorted(name for name in names if not name.startswith("."))

    async def newest(self, prefix: str) -> float:
        """When the newest object below a prefix was written."""
        times = (
            meta["last_modified"].timestamp()
            for meta in await self._below(checked(prefix))
            if not meta["path"].endswith(f"/{_NOTE}")
        )
        return max(times, default=0.0)

    async def delete(self, prefix: str) -> int:
        """Delete every object below a prefix."""
        paths = [meta["path"] for meta in await self._below(checked(prefix))]
        if paths:
            await obstore.delete_async(self._backend, paths)
        return sum(1 for path in paths if path != f"{prefix}/{_NOTE}")

    async def write_note(self, prefix: str, text: str | None) -> None:
        """Write or delete the note object."""
        key = f"{checked(prefix)}/{_NOTE}"
        if text is not None:
            await obstore.put_async(self._backend, key, text.encode())
            return
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._backend, key)

    async def read_note(self, prefix: str) -> str | None:
        """The note object's text."""
        try:
            answer = await obstore.get_async(self._backend, f"{checked(prefix)}/{_NOTE}")
            return bytes(await answer.bytes_async()).decode()
        except FileNotFoundError:
            return None

    async def tidy(self, older_than_seconds: float) -> int:
        """Delete temporary objects that a crash has left."""
        limit = time.time() - older_than_seconds
        old = [
            meta["path"]
            for meta in await self._below(_INCOMING)
            if meta["last_modified"].timestamp() <= limit
        ]
        if old:
            await obstore.delete_async(self._backend, old)
        return len(old)

    async def presign_get(self, key: str) -> str | None:
        """An address for reading, where the backend can make one."""
        return await self._presign("GET", key)

    async def presign_put(self, key: str) -> str | None:
        """An address for writing, where the backend can make one."""
        return await self._presign("PUT", key)

    async def _presign(self, method: str, key: str) -> str | None:
        path = checked(key)
        backend = self._backend
        if not isinstance(backend, S3Store):
            return None
        lifetime = timedelta(seconds=PRESIGNED_SECONDS)
        if method == "PUT":
            return await obstore.sign_async(backend, "PUT", path, lifetime)
        return await obstore.sign_async(backend, "GET", path, lifetime)

    async def _below(self, prefix: str) -> "list[ObjectMeta]":
        return await asyncio.to_thread(_list_below, self._backend, prefix)


def _list_below(backend: Backend, prefix: str) -> "list[ObjectMeta]":
    batches = cast("Iterable[Sequence[ObjectMeta]]", _untyped.list(backend, prefix))
    return [meta for batch in batches for meta in batch]
