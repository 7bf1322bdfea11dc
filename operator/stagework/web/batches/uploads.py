"""Files that come in one form become items: stored under their digests, unpacked where they are
archives, and listed in a manifest that is an upload itself.

Where anything is wrong no batch is made; what was stored by then goes as every upload does that
nobody names.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import BinaryIO, Final

import msgspec

from stagework.api.batch_book import Item
from stagework.artifacts.store import Store, put
from stagework.batches.archives import Archive, BadArchive, is_archive
from stagework.batches.item_ids import id_of_file
from stagework.settings import BatchSettings
from stagework.web.artifact_path import UPLOADS
from stagework.web.batches.forms import FormReader, Part
from stagework.web.errors import ProblemError, bad_request
from stagework.web.space import Space, Upload

FILES: Final = "files"
"""Field of the files."""
AT_ONCE: Final = 2
"""So many forms are taken at the same time: each may fill temporary space."""
MANIFEST: Final = "manifest.jsonl"
_CHUNK_BYTES: Final = 1024 * 1024
_BEGIN_BYTES: Final = 4
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass
class TakenForm:
    """What has come."""

    namespace: str
    coming: Upload
    fields: dict[str, str] = field(default_factory=dict[str, str])
    items: list[Item] = field(default_factory=list[Item])
    unpacked: int = 0
    """Bytes that came out of archives."""
    ids: set[str] = field(default_factory=set[str])


class FormUploads:
    """Takes forms, a few at a time."""

    def __init__(self, store: Store, settings: BatchSettings, space: Space) -> None:
        self._store = store
        self._settings = settings
        self._space = space
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def take(
        self, namespace: str, content_type: str, body: AsyncIterator[bytes]
    ) -> TakenForm:
        """All of it; raises ProblemError and StoreError."""
        if self._turns.locked():
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "others are uploading: their files come first",
                "try again in a minute",
                {"Retry-After": "30"},
            )
        async with self._turns, self._space.upload(namespace) as coming:
            return await self._taken(content_type, body, TakenForm(namespace, coming))

    async def _taken(
        self, content_type: str, body: AsyncIterator[bytes], taken: TakenForm
    ) -> TakenForm:
        limits = self._settings
        reader = FormReader(
            content_type, max_bytes=limits.maxUploadBytes, max_files=limits.maxUploadFiles
        )
        try:
            async with asyncio.timeout(limits.maxUploadSeconds):
                async for part in reader.parts(body):
                    await self._part(part, taken)
        except TimeoutError:
            message = f"the upload took longer than {limits.maxUploadSeconds} s"
            hint = "make several batches of it"
            raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, message, hint) from None
        finally:
            reader.close()
        return taken

    async def manifest(self, namespace: str, taken: TakenForm) -> str:
        """Store the list of what has come; its address."""
        content = b"".join(msgspec.json.encode(item) + b"\n" for item in taken.items)
        digest = hashlib.sha256(content).hexdigest()
        key = f"{namespace}/{UPLOADS}/{digest}/{MANIFEST}"
        await put(self._store, key, _once(content), len(content), digest)
        return f"artifact://{key}"

    async def _part(self, part: Part, taken: TakenForm) -> None:
        if part.name != FILES:
            if part.filename is None:
                taken.fields[part.name] = part.text()
            return
        name = part.filename or ""
        if not part.size:
            raise bad_request(f"the file {name[:100]!r} is empty", "leave it out")
        begin = part.file.read(_BEGIN_BYTES)
        part.file.seek(0)
        if not is_archive(begin) or not name.lower().endswith(".zip"):
            await self._keep(name, part.size, _pieces(part.file), taken)
            return
        try:
            await self._unpack(part.file, taken)
        except BadArchive as error:
            raise bad_request(f"the archive {name[:100]!r} is refused: {error}") from error

    async def _unpack(self, file: BinaryIO, taken: TakenForm) -> None:
        limits = self._settings
        archive = await asyncio.to_thread(
            lambda: Archive(
                file,
                max_files=limits.maxUploadFiles - len(taken.items),
                max_bytes=limits.maxUnpackedBytes - taken.unpacked,
            )
        )
        for entry in await asyncio.to_thread(archive.entries):
            if not entry.size:
                raise BadArchive(f"{entry.name[:100]!r} in it is empty: leave it out")
            await self._keep(entry.name, entry.size, archive.content(entry), taken)
            taken.unpacked += entry.size

    async def _keep(self, name: str, size: int, pieces: Iterator[bytes], taken: TakenForm) -> None:
        if len(taken.items) >= self._settings.maxUploadFiles:
            message = f"the upload has more than {self._settings.maxUploadFiles} files"
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "make several batches of it"
            )
        number = len(taken.items)
        received = await self._store.receive(taken.coming.counted(_in_threads(pieces)), size)
        made = f"item-{number:06}{_extension(name)}"
        key = f"{taken.namespace}/{UPLOADS}/{received.sha256}/{made}"
        try:
            await self._store.keep(received, key)
        except BaseException:
            await self._store.drop(received)
            raise
        taken.coming.keep()
        taken.items.append(Item(id_of_file(name, number, taken.ids), f"artifact://{key}"))


def _extension(name: str) -> str:
    found = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    return found if _EXTENSION.fullmatch(found) else ""


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
