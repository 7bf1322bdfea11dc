"""Zip archives that people hand over: read entry by entry, or refused with a sentence.

Nothing is written where an entry says: its name becomes an item's id, and the file's own name is
made by us. Refused as a whole is what cannot be honest: names that climb or are absolute, links,
encryption, an archive in the archive, more files or bytes than may be, and what grows more than a
hundredfold. The sizes that entries state are believed only as limits: what comes out is counted
again while it is stored.
"""

import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from stagework.policies.manifest_lines import is_printable

RATIO_MAX: Final = 100
"""An entry that grows more than so much is refused, once it is large."""
RATIO_FROM_BYTES: Final = 1024 * 1024
"""Smaller entries may grow as they like: a few blanks pack well."""
HEAD_BYTES: Final = 1024
"""So much of the list of entries is read for each file that there may be."""
_CHUNK_BYTES: Final = 1024 * 1024
_BEGIN: Final = b"PK\x03\x04"
_EMPTY: Final = b"PK\x05\x06"
_ENCRYPTED: Final = 0x1
_LONG_LIST: Final = b"PK\x06\x07"
"""Begins the record that says where a longer list stands; the library believes it."""
_LONG_LIST_BYTES: Final = 20
_TAIL_BYTES: Final = _LONG_LIST_BYTES + 22 + 65_535
_NESTED: Final = (".zip", ".jar", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Of the others the library unpacks all that it has read at once, however much that grows."""
_BESIDE: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")
"""What systems leave beside the files that people have packed."""


class BadArchive(Exception):  # noqa: N818 - reads as a sentence where it is caught
    """It is refused; the text says why."""


@dataclass(frozen=True)
class Entry:
    """A file of an archive."""

    name: str
    size: int
    info: zipfile.ZipInfo


class Archive:
    """An open archive; raises BadArchive wherever it is none, or not a good one."""

    def __init__(self, file: BinaryIO, *, max_files: int, max_bytes: int) -> None:
        self._max_files = max_files
        self._max_bytes = max_bytes
        _require_small_list(file, max_files)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BadArchive("it is no zip archive, or a damaged one: pack it again") from error

    def entries(self) -> list[Entry]:
        """All its files, every one of them judged."""
        entries: list[Entry] = []
        total = 0
        for info in self._zip.infolist():
            if info.is_dir() or any(part in info.filename for part in _BESIDE):
                continue
            _judge(info)
            entries.append(Entry(info.filename, info.file_size, info))
            total += info.file_size
            if len(entries) > self._max_files:
                raise BadArchive(f"it has more than {self._max_files} files: make several of it")
            if total > self._max_bytes:
                raise BadArchive(f"unpacked it has more than {self._max_bytes} bytes")
        if not entries:
            raise BadArchive("it has no files")
        return entries

    def content(self, entry: Entry) -> Iterator[bytes]:
        """The file, piece by piece."""
        try:
            with self._zip.open(entry.info) as opened:
                while chunk := opened.read(_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
            raise BadArchive(f"{entry.name[:100]!r} in it is damaged: pack it again") from error
        except Exception as error:  # zlib's and lzma's own have no common kind
            raise BadArchive(f"{entry.name[:100]!r} in it cannot be unpacked") from error


def is_archive(begin: bytes) -> bool:
    """By its first bytes, whatever it is called."""
    return begin.startswith((_BEGIN, _EMPTY))


def _judge(info: zipfile.ZipInfo) -> None:
    name, shown = info.filename, repr(info.filename[:100])
    parts = PurePosixPath(name).parts
    hostile = ".." in parts or name.startswith("/") or "\\" in name or ":" in name.split("/")[0]
    if hostile or not is_printable(name):
        raise BadArchive(f"{shown} is no name for a file: it leads out of the archive's folder")
    mode = info.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0):
        raise BadArchive(f"{shown} is a link or a device: pack files alone")
    if info.flag_bits & _ENCRYPTED:
        raise BadArchive(f"{shown} is encrypted: pack it without a password")
    if info.compress_type not in _METHODS:
        raise BadArchive(f"{shown} is packed in a way that is not known here: use Deflate")
    if name.lower().endswith(_NESTED):
        raise BadArchive(f"{shown} is an archive in the archive: unpack it first")
    grows = info.file_size > RATIO_MAX * max(info.compress_size, 1)
    if grows and info.file_size > RATIO_FROM_BYTES:
        raise BadArchive(f"{shown} grows more than {RATIO_MAX}-fold: hand it over unpacked")


def _require_small_list(file: BinaryIO, max_files: int) -> None:
    """The library reads the whole list of entries into memory: its length is judged before."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(_EMPTY)
    file.seek(0)
    if at < 0 or len(tail) - at < 22:  # noqa: PLR2004 - the fixed part of that record
        raise BadArchive("it is no zip archive, or a damaged one: pack it again")
    if tail[max(0, at - _LONG_LIST_BYTES) : at].startswith(_LONG_LIST):
        raise BadArchive("it is a ZIP64 archive: pack its files as several smaller ones")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if length > HEAD_BYTES * max_files:
        raise BadArchive(f"it has more than {max_files} files: make several of it")
