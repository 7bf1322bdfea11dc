"""Where backups are kept, as a Protocol: the artifact store, or a bucket of the task's own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Literal, Protocol

from stagework.api.backups import BackupList
from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import Store, put
from stagework.tasks.buckets import bucket
from stagework.tasks.service import Service
from stagework.tasks.surroundings import Surroundings, TaskFailed

LARGEST_BYTES: Final = 64 * 1024**3
"""A larger backup is refused."""
_CHUNK: Final = 1024 * 1024
_FOLDER: Final = "stagework-backups"
_FILE: Final = "archive"


class Place(Protocol):
    """Raises TaskFailed or ServiceFailed."""

    async def names(self) -> list[str]:
        """Of those that are kept, the oldest first."""
        ...

    async def keep(self, name: str, path: Path) -> None:
        """Once it returns it is there, whole."""
        ...

    async def fetch(self, name: str, path: Path) -> None:
        """Write one to a file."""
        ...

    async def forget(self, name: str) -> None:
        """Delete one."""
        ...


def place_of(surroundings: Surroundings, target: Literal["artifacts", "s3"]) -> Place:
    """Whichever the job data names."""
    if target == "s3":
        return BucketPlace(bucket(surroundings, LARGEST_BYTES))
    return ServicePlace(surroundings.service)


class ServicePlace:
    """The artifact store, through the API service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def names(self) -> list[str]:
        """See Place."""
        kept = await self._service.get("/v1/backups", BackupList)
        return sorted(backup.name for backup in kept.backups)

    async def keep(self, name: str, path: Path) -> None:
        """See Place."""
        await self._service.upload(f"/v1/backups/{name}", path, digest_of(path))

    async def fetch(self, name: str, path: Path) -> None:
        """See Place."""
        await self._service.download(f"/v1/backups/{name}", path)

    async def forget(self, name: str) -> None:
        """See Place."""
        await self._service.delete(f"/v1/backups/{name}")


class BucketPlace:
    """A bucket, below a folder of ours."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def names(self) -> list[str]:
        """See Place."""
        with _translated():
            return sorted(await self._store.folders(_FOLDER))

    async def keep(self, name: str, path: Path) -> None:
        """See Place."""
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        with _translated():
            await put(self._store, _key(name), _chunks(path), size, digest_of(path))

    async def fetch(self, name: str, path: Path) -> None:
        """See Place."""
        with _translated():
            opened = await self._store.open(_key(name))
            with path.open("wb") as file:
                async for chunk in opened.chunks:
                    file.write(chunk)

    async def forget(self, name: str) -> None:
        """See Place."""
        with _translated():
            await self._store.delete(f"{_FOLDER}/{name}")


class _translated:  # noqa: N801 - reads as a word
    """Errors of the bucket as ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, StoreError):
            raise TaskFailed(f"the bucket: {error}") from error


def digest_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(name: str) -> str:
    return f"{_FOLDER}/{name}/{_FILE}"


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
