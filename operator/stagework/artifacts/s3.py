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

from stagework.artifacts import sending
from stagework.artifacts.errors import NotStoredError, TooLargeError, UnreachableError
from stagework.artifacts.measured import Measured
from stagework.artifacts.paths import checked
from stagework.artifacts.s3_faults import Fault, judged
from stagework.artifacts.store import Entry, Extent, OpenFile, Received
from stagework.artifacts.upload_signer import UploadSigner
from stagework.settings import S3Settings

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

READ_SECONDS: Final = 300
"""How long a presigned address for reading can be used: a download must have begun by then."""
RETRIES: Final = 2
"""Of one request: whoever asks us has a patience of its own."""
RETRY_TIME: Final = timedelta(seconds=20)
"""So long one request may be tried."""
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
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIME},
    )


class ObjectStore:
    """A Store over one bucket; every method raises UnreachableError, too."""

    def __init__(
        self, backend: Backend, *, max_file_bytes: int, signer: UploadSigner | None = None
    ) -> None:
        """`signer`: of addresses for writing; without one all bytes come through us."""
        self._backend = backend
        self._signer = signer
        self._max = max_file_bytes

    async def receive(self, chunks: AsyncIterator[bytes], size: int, sha256: str = "") -> Received:
        """Put the bytes under a temporary key; see Store.receive."""
        if size > self._max:
            raise TooLargeError(size, self._max)
        measured = Measured(chunks, size, sha256)
        place = f"{_INCOMING}/{secrets.token_hex(16)}"
        received = Received(place, size, "")
        try:
            with _Reached(place):
                await sending.send(
                    lambda stream: obstore.put_async(self._backend, place, stream), aiter(measured)
                )
            measured.check()
        except UnreachableError:
            raise  # what it has of it, `tidy` will find
        except BaseException:
            await self.drop(received)
            raise
        return Received(place, measured.size, measured.sha256)

    async def keep(self, received: Received, key: str) -> None:
        """Copy to the key, then delete the temporary one."""
        with _Reached(received.place):
            await obstore.copy_async(self._backend, received.place, checked(key))
        await self.drop(received)

    async def drop(self, received: Received) -> None:
        """Delete the temporary key."""
        with contextlib.suppress(NotStoredError):
            await self._delete(received.place)

    async def open(self, key: str, start: int = 0) -> OpenFile:
        """Read an object as a stream."""
        return await _opened(self._backend, checked(key), start)

    async def stat(self, key: str) -> Entry | None:
        """Size of an object, or None."""
        with contextlib.suppress(NotStoredError), _Reached(checked(key)):
            meta = await obstore.head_async(self._backend, key)
            return Entry(key, meta["size"])
        # The answer to HEAD has no body: that to GET says whether the bucket is there at all.
        with contextlib.suppress(NotStoredError):
            return Entry(key, (await self.open(key)).size)
        return None

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
        with _Reached():
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

    async def extent(self, prefix: str) -> Extent:
        """Sizes and number of the objects below a prefix."""
        metas = await self._below(checked(prefix))
        sizes = [meta["size"] for meta in metas if not meta["path"].endswith(f"/{_NOTE}")]
        return Extent(sum(sizes), len(sizes))

    async def capacity(self) -> Extent | None:
        """None: a bucket takes what comes."""
        return None

    async def delete(self, prefix: str) -> int:
        """Delete every object below a prefix."""
        paths = [meta["path"] for meta in await self._below(checked(prefix))]
        if paths:
            await self._delete(paths)
        return sum(1 for path in paths if path != f"{prefix}/{_NOTE}")

    async def write_note(self, prefix: str, text: str | None) -> None:
        """Write or delete the note object."""
        key = f"{checked(prefix)}/{_NOTE}"
        if text is not None:
            with _Reached(key):
                await obstore.put_async(self._backend, key, text.encode())
            return
        with contextlib.suppress(NotStoredError):
            await self._delete(key)

    async def read_note(self, prefix: str) -> str | None:
        """The note object's text."""
        with contextlib.suppress(NotStoredError):
            opened = await _opened(self._backend, f"{checked(prefix)}/{_NOTE}")
            return b"".join([chunk async for chunk in opened.chunks]).decode()
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
            await self._delete(old)
        return len(old)

    async def presign_get(self, key: str) -> str | None:
        """An address for reading, where the backend can make one."""
        path, backend = checked(key), self._backend
        if not isinstance(backend, S3Store):
            return None
        return await obstore.sign_async(backend, "GET", path, timedelta(seconds=READ_SECONDS))

    async def presign_put(self, key: str, size: int, sha256: str) -> str | None:
        """An address for writing these bytes, where there is a signer."""
        path = checked(key)
        return None if self._signer is None else self._signer.address(path, size, sha256)

    async def _below(self, prefix: str) -> "list[ObjectMeta]":
        with _Reached():
            return await asyncio.to_thread(_list_below, self._backend, prefix)

    async def _delete(self, paths: str | Sequence[str]) -> None:
        with _Reached(paths if isinstance(paths, str) else ""):
            await obstore.delete_async(self._backend, paths)


class _Reached:
    """Errors of the client as ours, with nothing of the requests that they quote."""

    def __init__(self, key: str = "") -> None:
        self._key = key

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate."""
        trouble = judged(error)
        if trouble is None:
            return
        if trouble.fault is Fault.NO_OBJECT:
            raise NotStoredError(self._key) from None
        raise UnreachableError(trouble.sentence) from None


async def _opened(backend: Backend, key: str, start: int = 0) -> OpenFile:
    with _Reached(key):
        options: GetOptions = {"range": {"offset": start}} if start else {}
        answer = await obstore.get_async(backend, key, options=options)

    async def chunks() -> AsyncIterator[bytes]:
        with _Reached(key):
            async for chunk in answer.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    return OpenFile(answer.meta["size"], "", chunks())


def _list_below(backend: Backend, prefix: str) -> "list[ObjectMeta]":
    batches = cast("Iterable[Sequence[ObjectMeta]]", _untyped.list(backend, prefix))
    return [meta for batch in batches for meta in batch]
