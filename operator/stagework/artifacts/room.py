"""How much a volume has, and whether there is room on it for more."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagework.artifacts.errors import NoSpaceError
from stagework.artifacts.store import Extent

MIN_FREE_FILES: Final = 1000
"""So many more files the volume must have room for, where it counts them."""
_NO_LIMIT: Final = 2**62

_log = logging.getLogger("stagework.artifacts")


@dataclass(frozen=True)
class Room:
    """What a volume is made for, and what of it is free."""

    all: Extent
    free: Extent


def room_of(folder: Path) -> Room:
    """Of the volume that a folder is on; one that does not count files has room for them."""
    stats = os.statvfs(folder)
    free_files, files = stats.f_favail, stats.f_files
    if not files:
        free_files = files = _NO_LIMIT
    return Room(
        Extent(stats.f_frsize * stats.f_blocks, files),
        Extent(stats.f_frsize * stats.f_bavail, free_files),
    )


@dataclass(frozen=True)
class Volume:
    """The volume of a folder; `min_free_bytes` always stay free on it."""

    folder: Path
    min_free_bytes: int
    room: Callable[[Path], Room]

    def check(self, size: int) -> None:
        """Raise NoSpaceError where there is no room for so many bytes more."""
        free = self.room(self.folder).free
        if free.size - size < self.min_free_bytes or free.files < MIN_FREE_FILES:
            fields = {"freeBytes": free.size, "freeFiles": free.files}
            _log.warning("the artifact volume is nearly full", extra=fields)
            raise NoSpaceError
