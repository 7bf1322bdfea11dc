"""Artifacts in a folder, such as a mounted volume: the default.

A file is written under a temporary name in the same file system, digested on the way, synced,
and renamed to its key: a crash at any moment leaves the whole file or nothing.
"""

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

from stagework.artifacts.errors import NoSpaceError, NotStoredError, OccupiedError, TooLargeError
from stagework.artifacts.measured import Measured
from stagework.artifacts.paths import checked
from stagework.artifacts.room import Room, Volume, room_of
from stagework.artifacts.store import Entry, Extent, OpenFile, Received

CHUNK_BYTES: Final = 1024 * 1024
"""How much is read or written by one call in a thread."""
_INCOMING: Final = ".incoming"
_NOTE: Final = ".note"
_DIGEST_ATTRIBUTE: Final = "user.stagework.sha256"


class LocalStore:
    """A Store in one folder; `min_free_bytes` always stay free on its volume.

    `room` (of a folder's volume) is replaced in tests only.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_file_bytes: int,
        min_free_bytes: int = 0,
        room: Callable[[Path], Room] = room_of,
    ) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        self._max = max_file_bytes
        self._volume = Volume(root, min_free_bytes, room)
        self._incoming.mkdir(parents=True, exist_ok=True)

    async def receive(self, chunks: AsyncIterator[bytes], size: int, sha256: str = "") -> Received:
        """Write the bytes to a temporary file; see Store.receive.

        What was announced reserves nothing: there must be room for what has come.
        """
        if size > self._max:
            raise TooLargeError(size, self._max)
        measured = Measured(chunks, size, sha256)
        place = self._incoming / secrets.token_hex(16)
        try:
            await _write(place, measured, self._volume.check)
            measured.check()
        except OSError as error:
            place.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpaceError from error
            raise
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        return Received(str(place), measured.size, measured.sha256)

    async def keep(self, received: Received, key: str) -> None:
        """Rename the temporary file to its key."""
        target = self._path(key)
        await asyncio.to_thread(_rename, Path(received.place), target, received.sha256, key)

    async def drop(self, received: Received) -> None:
        """Remove the temporary file."""
        await asyncio.to_thread(Path(received.place).unlink, missing_ok=True)

    async def open(self, key: str, start: int = 0) -> OpenFile:
        """Find a file; it is opened when its first bytes are asked for, and read in threads."""
        path = self._path(key)
        size, sha256 = await asyncio.to_thread(_size_and_digest, path, key)
        return OpenFile(size, sha256, _chunks(path, size, start))

    async def stat(self, key: str) -> Entry | None:
        """Size of a file, or None."""
        path = self._path(key)
        if not await asyncio.to_thread(path.is_file):
            return None
        return Entry(key, path.stat().st_size)

    async def files(self, prefix: str) -> list[Entry]:
        """All files below a prefix; names that start with a dot are ours."""
        return await asyncio.to_thread(_listed, self._path(prefix))

    async def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below a prefix."""
        return await asyncio.to_thread(_names, self._path(prefix) if prefix else self._root)

    async def newest(self, prefix: str) -> float:
        """When the newest file below a prefix was written."""
        folder = self._path(prefix)
        return await asyncio.to_thread(
            lambda: max((file.stat().st_mtime for file in _files(folder)), default=0.0)
        )

    async def extent(self, prefix: str) -> Extent:
        """Sizes and number of the files in a folder."""
        return await asyncio.to_thread(_counted, self._path(prefix))

    async def capacity(self) -> Extent | None:
        """What the volume is made for."""
        return (await asyncio.to_thread(self._volume.room, self._root)).all

    async def delete(self, prefix: str) -> int:
        """Delete a folder with all that is in it."""
        folder = self._path(prefix)

        def remove() -> int:
            count = sum(1 for _ in _files(folder))
            shutil.rmtree(folder, ignore_errors=True)
            return count

        return await asyncio.to_thread(remove)

    async def write_note(self, prefix: str, text: str | None) -> None:
        """Write or remove the folder's note."""
        path = self._path(prefix) / _NOTE
        if text is None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        elif path.parent.is_dir():
            await asyncio.to_thread(path.write_text, text)

    async def read_note(self, prefix: str) -> str | None:
        """The folder's note."""
        path = self._path(prefix) / _NOTE
        try:
            return await asyncio.to_thread(path.read_text)
        except OSError:
            return None

    async def tidy(self, older_than_seconds: float) -> int:
        """Remove temporary files that a crash has left."""
        limit = time.time() - older_than_seconds

        def remove() -> int:
            old = [file for file in self._incoming.iterdir() if file.stat().st_mtime <= limit]
            for file in old:
                file.unlink(missing_ok=True)
            return len(old)

        return await asyncio.to_thread(remove)

    async def presign_get(self, key: str) -> str | None:
        """None: a folder has no addresses."""
        checked(key)
        return None

    async def presign_put(self, key: str, size: int, sha256: str) -> str | None:  # noqa: ARG002
        """None: a folder has no addresses."""
        checked(key)
        return None

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*checked(key).split("/"))


async def _write(place: Path, chunks: Measured, check_room: Callable[[int], None]) -> None:
    def write(piece: bytes) -> None:
        check_room(len(piece))
        file.write(piece)

    def finish(rest: bytes) -> None:
        write(rest)
        file.flush()
        os.fsync(file.fileno())

    await asyncio.to_thread(check_room, 0)
    file = await asyncio.to_thread(place.open, "xb")
    try:
        buffer = bytearray()
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= CHUNK_BYTES:
                await asyncio.to_thread(write, bytes(buffer))
                buffer.clear()
        await asyncio.to_thread(finish, bytes(buffer))
    finally:
        file.close()


def _rename(place: Path, target: Path, sha256: str, key: str) -> None:
    # Extended attributes are a help (ETag), not a need: some file systems have none.
    with contextlib.suppress(OSError):
        os.setxattr(place, _DIGEST_ATTRIBUTE, sha256.encode())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        place.replace(target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise OccupiedError(key) from error
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, must outlive a power cut
    finally:
        os.close(folder)


def _size_and_digest(path: Path, key: str) -> tuple[int, str]:
    """Size and (where known) digest; raises NotStoredError for anything but a regular file."""
    try:
        if path.is_symlink() or not path.is_file():
            raise NotStoredError(key)
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotStoredError(key) from error
    try:
        return size, os.getxattr(path, _DIGEST_ATTRIBUTE).decode()
    except OSError:
        return size, ""


async def _chunks(path: Path, size: int, start: int) -> AsyncIterator[bytes]:
    left = max(0, size - start)
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        file.seek(start)
        while left:
            chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, left))
            if not chunk:
                raise OSError(f"{path.name} became shorter while it was read")
            left -= len(chunk)
            yield chunk


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _listed(folder: Path) -> list[Entry]:
    files = (
        Entry(file.relative_to(folder).as_posix(), file.stat().st_size) for file in _files(folder)
    )
    return sorted(files, key=lambda entry: entry.path)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    children = (child.name for child in folder.iterdir() if child.is_dir())
    return sorted(name for name in children if not name.startswith("."))


def _counted(folder: Path) -> Extent:
    size = files = 0
    for file in _files(folder):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            size += file.stat().st_size
            files += 1
    return Extent(size, files)
