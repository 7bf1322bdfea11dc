"""Office documents are zip archives: looked through before anything unpacks them.

The list of entries may lie about sizes, so they are also unpacked once, counted and thrown away.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import stagekit
from docpipe import limits

_STEP = 1 << 20


def check(path: Path) -> None:
    """Refuses archives that unpack to too much, have too many entries, or are damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > limits.MOST_ARCHIVE_ENTRIES:
                raise _bomb(f"{len(entries)} files inside")
            claimed = sum(entry.file_size for entry in entries)
            _compare(claimed, path.stat().st_size)
            if any(entry.flag_bits & 1 for entry in entries):
                raise stagekit.Refused(
                    "Encrypted", "the document's archive asks for a password: save it without one"
                )
            unpacked = 0
            for entry in entries:
                with archive.open(entry) as file:
                    while step := file.read(_STEP):
                        unpacked += len(step)
                        _compare(unpacked, path.stat().st_size)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise stagekit.Refused(
            "BrokenDocument", "the Office document is damaged inside: save and upload it again"
        ) from error


def _compare(unpacked: int, packed: int) -> None:
    if unpacked > limits.MOST_UNPACKED_BYTES:
        raise _bomb(f"{unpacked >> 20} MiB or more inside {packed >> 10} KiB")
    if unpacked > (8 << 20) and unpacked > packed * limits.MOST_RATIO:
        raise _bomb(f"{unpacked >> 20} MiB or more inside {packed >> 10} KiB")


def _bomb(what: str) -> stagekit.Refused:
    return stagekit.Refused("ZipBomb", f"the document unpacks to too much: {what}; save it anew")
