"""Files of a batch on their way to the API service: several at once, each under its own digest.

A file that is there already is sent again and changes nothing, so after a failure the same command
does it all. Where anything fails no batch is made.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Protocol

import msgspec

from stagekit.artifact_names import broken_rule
from stagework.api.batch_book import MAX_ITEMS, Item
from stagework.batches.archives import Archive, BadArchive
from stagework.batches.item_ids import id_of_file
from stagework.cli.errors import ClusterUnreachable, CommandError
from stagework.cli.handed_over import Folder, Manifest, Zip
from stagework.cli.service import ApiService
from stagework.settings import BatchSettings

AT_ONCE: Final = 4
"""Uploads at the same time."""
TRIES: Final = 4
"""So often a file is sent while nobody answers."""
MANIFEST: Final = "manifest.jsonl"
"""Name of the list that is made of files."""
_PAUSE_SECONDS: Final = 1.0
_NAME_LETTERS: Final = 200


class Progress(Protocol):
    """Who shows how far it is."""

    def begin(self, files: int, size_bytes: int) -> None:
        """So much is to be sent."""
        ...

    def sent(self, size_bytes: int) -> None:
        """One more file is there."""
        ...


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    """Below the folder, or in the archive."""
    path: Path
    size: int


@dataclass(frozen=True)
class Uploads:
    """Sends what was handed over."""

    service: ApiService
    sleep: Callable[[float], None]
    progress: Progress

    def manifest(self, given: Folder | Zip | Manifest) -> str:
        """Send all files and the list of them; the list's address. Raises CommandError."""
        match given:
            case Manifest(path):
                self.progress.begin(1, path.stat().st_size)
                return self._send(path.name, path)
            case Folder(path, files):
                return self._all(
                    [_File(f.relative_to(path).as_posix(), f, f.stat().st_size) for f in files]
                )
            case Zip(path):
                with tempfile.TemporaryDirectory(prefix="stagework-") as folder:
                    return self._all(_unpacked(path, Path(folder)))

    def _all(self, files: list[_File]) -> str:
        self.progress.begin(len(files), sum(file.size for file in files))
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            addresses = list(pool.map(self._kept, files))
        finally:
            # After the first failure, and after Ctrl-C, nothing more is begun.
            pool.shutdown(cancel_futures=True)
        taken: set[str] = set()
        items = (
            Item(id_of_file(file.name, number, taken), address)
            for number, (file, address) in enumerate(zip(files, addresses, strict=True))
        )
        with tempfile.TemporaryDirectory(prefix="stagework-") as folder:
            listed = Path(folder) / MANIFEST
            listed.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items))
            return self._sent(MANIFEST, listed)

    def _kept(self, file: _File) -> str:
        return self._send(_stored_name(file.name), file.path)

    def _send(self, name: str, path: Path) -> str:
        address = self._sent(name, path)
        self.progress.sent(path.stat().st_size)
        return address

    def _sent(self, name: str, path: Path) -> str:
        digest = _digest(path)
        for failures in range(1, TRIES):
            try:
                return self.service.upload(name, path, digest)
            except ClusterUnreachable:
                self.sleep(failures * _PAUSE_SECONDS)
        return self.service.upload(name, path, digest)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise CommandError(
            f"cannot read {path}: {error.strerror}", command=f"ls -l {path}"
        ) from error


def _stored_name(name: str) -> str:
    """The file's own name, which stages see; one that no artifact may have is made anew."""
    own = PurePosixPath(name)
    if len(own.name) <= _NAME_LETTERS and not broken_rule(own.name):
        return own.name
    ending = own.suffix.lower()
    return f"item{ending}" if ending.isascii() and ending[1:].isalnum() else "item"


def _unpacked(path: Path, folder: Path) -> list[_File]:
    """By the rules that the service has for archives: nothing is written where an entry says."""
    try:
        with path.open("rb") as opened:
            return [*_entries(opened, folder)]
    except BadArchive as error:
        raise CommandError(f"{path} is refused: {error}") from error
    except OSError as error:
        raise CommandError(f"cannot unpack {path}: {error.strerror}", command="df -h") from error


def _entries(opened: BinaryIO, folder: Path) -> Iterator[_File]:
    limit = BatchSettings().maxUnpackedBytes
    archive = Archive(opened, max_files=MAX_ITEMS, max_bytes=limit)
    entries = archive.entries()
    empty = next((entry.name for entry in entries if not entry.size), None)
    if empty is not None:
        raise BadArchive(f"{empty[:100]!r} in it is empty: leave it out")
    for number, entry in enumerate(entries):
        file = _File(entry.name, folder / str(number), entry.size)
        _write(file.path, archive.content(entry))
        yield file


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as target:
        for piece in pieces:
            target.write(piece)
