"""What the API service needs of a store, whatever is behind it.

A file comes in two steps: `receive` takes the bytes under no name and checks size and digest,
`keep` gives them their key at once and whole. What is cut off between leaves nothing.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from stagework.artifacts.paths import checked


@dataclass(frozen=True)
class Entry:
    """One file: its key (or its path below the prefix that was listed) and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class Received:
    """Bytes that are in the store under no name yet."""

    place: str
    size: int
    sha256: str


@dataclass(frozen=True)
class OpenFile:
    """A file being read; `sha256` is empty where the store does not know it.

    Size and digest are the whole file's.
    """

    size: int
    sha256: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True)
class Extent:
    """How much something holds, or may hold."""

    size: int
    """In bytes."""
    files: int

    def __add__(self, other: "Extent") -> "Extent":
        return Extent(self.size + other.size, self.files + other.files)

    def __sub__(self, other: "Extent") -> "Extent":
        return Extent(self.size - other.size, self.files - other.files)


class Store(Protocol):
    """Files under keys such as `<namespace>/<run uid>/<stage>/<attempt>-<pod uid>/<path>`.

    Every method that takes a key or prefix raises BadKeyError for one that breaks the rules.
    """

    async def receive(self, chunks: AsyncIterator[bytes], size: int, sha256: str = "") -> Received:
        """Take exactly `size` bytes, with that digest if one is given.

        Raises TooLargeError, NoSpaceError, CutOffError, DigestError; then nothing is left.
        """
        ...

    async def keep(self, received: Received, key: str) -> None:
        """Give received bytes their key, replacing what was there; raises OccupiedError."""
        ...

    async def drop(self, received: Received) -> None:
        """Forget received bytes; harmless if they are gone."""
        ...

    async def open(self, key: str, start: int = 0) -> OpenFile:
        """Read a file in chunks, from its byte `start` on; raises NotStoredError."""
        ...

    async def stat(self, key: str) -> Entry | None:
        """Size of a file, or None."""
        ...

    async def files(self, prefix: str) -> list[Entry]:
        """All files below a prefix, sorted; paths are relative to it."""
        ...

    async def folders(self, prefix: str) -> list[str]:
        """Names right below a prefix that have files below them, sorted; "" is the top."""
        ...

    async def newest(self, prefix: str) -> float:
        """When the newest file below a prefix was written (seconds since 1970); 0 if none."""
        ...

    async def extent(self, prefix: str) -> Extent:
        """All files below a prefix, counted."""
        ...

    async def capacity(self) -> Extent | None:
        """How much there is room for, what is stored included; None: that has no limit."""
        ...

    async def delete(self, prefix: str) -> int:
        """Delete all files below a prefix, and our note on it; gives their number."""
        ...

    async def write_note(self, prefix: str, text: str | None) -> None:
        """Write a note of our own on a prefix, or remove it; no listing shows it."""
        ...

    async def read_note(self, prefix: str) -> str | None:
        """Our note on a prefix, or None."""
        ...

    async def tidy(self, older_than_seconds: float) -> int:
        """Delete received bytes that nobody kept; gives their number."""
        ...

    async def presign_get(self, key: str) -> str | None:
        """An address from which the file can be read for a while; None: read it through us."""
        ...

    async def presign_put(self, key: str, size: int, sha256: str) -> str | None:
        """An address to which just these bytes can be written, soon; None: send them through us.

        Whoever writes must send their digest along (docs/stage-contract.md).
        """
        ...


async def put(
    store: Store, key: str, chunks: AsyncIterator[bytes], size: int, sha256: str = ""
) -> Received:
    """Receive and keep in one go."""
    checked(key)
    received = await store.receive(chunks, size, sha256)
    try:
        await store.keep(received, key)
    except BaseException:
        await store.drop(received)
        raise
    return received


async def stored_digest(store: Store, key: str) -> str | None:
    """The sha256 of a small file, computed; None where there is none."""
    if await store.stat(key) is None:
        return None
    digest = hashlib.sha256()
    async for chunk in (await store.open(key)).chunks:
        digest.update(chunk)
    return digest.hexdigest()
