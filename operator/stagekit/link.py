"""How stagekit reaches artifacts: a Protocol with two sides, HTTP and a folder.

`HttpLink` (http_link.py) talks to the API service as this Pod; `FolderLink` (folder_link.py)
keeps the same layout in a folder, for tests and for trying a stage on one's own machine.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from stagekit.endpoint import Endpoint
from stagekit.errors import StageError
from stagekit.listed import ListedItem

_CHUNK_BYTES: Final = 1024 * 1024
_SAFE_NAME: Final = re.compile(r"[^\w.\- ()\[\]+=,@]")
_NAME_MAX: Final = 128


class Link(Protocol):
    """What inputs, outputs and heartbeats need."""

    def fetch(self, prefix: str, path: str, target: Path) -> str:
        """Bring one file to `target` (complete or not at all); gives its sha256.

        Raises MissingInput where there is none.
        """
        ...

    def listing(self, prefix: str) -> list[str]:
        """Paths of all files below a prefix, sorted; empty where there are none."""
        ...

    def source(self, folder: Path) -> Path:
        """Bring what `spec.input` names into `folder`, under its own name."""
        ...

    def model(self, folder: Path) -> Path:
        """Bring the archive that `STAGEWORK_MODEL` names into `folder`, under its own name."""
        ...

    def items(self) -> list[ListedItem]:
        """The batch's items that this run works on, in the order of their positions."""
        ...

    def item(self, item: ListedItem, folder: Path) -> Path:
        """Bring an item's file into `folder`, as `<number>-<its own name>`.

        Raises MissingInput where its own source does not give it.
        """
        ...

    def store(self, path: str, content: BinaryIO, size: int, sha256: str) -> None:
        """Keep one file below this attempt's own prefix; `content` is at its start."""
        ...

    def endpoint(self, role: str) -> Endpoint | None:
        """The model endpoint of a role, or None where the settings have none."""
        ...

    def beat(self, progress: bytes) -> bool:
        """Tell the API service that this Pod lives (JSON); True if anybody answered."""
        ...


def inside(folder: Path, path: str) -> Path:
    """`folder/path`, refused where it would leave the folder."""
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise StageError(f"not a path below a folder: {path[:200]!r}")
    return folder.joinpath(*parts)


def safe_name(name: str) -> str:
    """A file name made from what somebody else calls it."""
    base = re.split(r"[/\\]", name)[-1]
    return _SAFE_NAME.sub("_", base).lstrip(".")[:_NAME_MAX] or "input"


def digest_of(path: Path) -> tuple[str, int]:
    """The sha256 in hex and the size in bytes of a file."""
    with path.open("rb") as file:
        return digest_of_open(file)


def digest_of_open(file: BinaryIO) -> tuple[str, int]:
    """The same of what is still to be read of an open file."""
    digest = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


class DigestWriter:
    """A file that appears under its name only when `commit` is called."""

    def __init__(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._target = target
        self._part = target.with_name(f".{target.name[:80]}.part")
        self._file = self._part.open("wb")
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        """Add bytes."""
        self._digest.update(chunk)
        return self._file.write(chunk)

    def restart(self) -> None:
        """Forget everything written so far (a second try)."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of what has been written."""
        return self._digest.hexdigest()

    def commit(self, name: str = "") -> Path:
        """Close the file and give it its name (another name in the same folder if given)."""
        self._file.close()
        target = self._target.with_name(name) if name else self._target
        os.replace(self._part, target)  # noqa: PTH105
        return target

    def discard(self) -> None:
        """Close and remove; harmless after `commit`."""
        self._file.close()
        self._part.unlink(missing_ok=True)
