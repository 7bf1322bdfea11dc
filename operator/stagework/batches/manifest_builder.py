"""Makes the frozen manifest of items as they come: ids, duplicates, limits.

Neither the items nor their ids are held in memory: lines go to a temporary file, and what was there
before is looked up in a temporary database that sqlite3 keeps on the disk. All of it is called in
threads; one that still runs when the work was cancelled finds everything closed, and ends.

1. An id that is given is the item's. One that was there before makes a duplicate: it is left out.
2. Without an id it is made of the address: its last name, with the item's number where that is
   taken. The same address with the same params again is a duplicate.
3. An id that is given and was made of an earlier address before is reported as unreadable: which of
   the two is meant is not guessed.
"""

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from threading import Lock
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

import msgspec

from stagework.api.batch_book import ID_LETTERS, LISTED, MAX_ITEMS, BadLine, Item
from stagework.batches.errors import (
    EMPTY_MANIFEST,
    MANIFEST_TOO_LARGE,
    MANIFEST_UNREADABLE,
    TOO_MANY_ITEMS,
    Refused,
)
from stagework.policies.item_address import Allowed, refused_address
from stagework.policies.manifest_lines import Given, Unreadable, is_printable

_CHUNK_BYTES: Final = 1024 * 1024
_REASON_LETTERS: Final = 200
_NUMBER_LETTERS: Final = 12
"""Room for `#` and the item's number."""


class ManifestBuilder:
    """Close it when it is not needed any more."""

    def __init__(self, allowed: Allowed, *, max_bytes: int, max_items: int = MAX_ITEMS) -> None:
        self._allowed = allowed
        self._max_bytes = max_bytes
        self._max_items = max_items
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._digest = hashlib.sha256()
        self._seen = _Seen()
        self._turn = Lock()
        self.total = 0
        self.size = 0
        self.duplicates: list[int] = []
        self.duplicate_count = 0
        self.unreadable: list[BadLine] = []
        self.unreadable_count = 0

    def add(self, line: int, given: Given | Unreadable, name: str = "") -> None:
        """Take one item; `name`: what its id is made of, else the end of its address."""
        with self._turn:
            self._add(line, given, name)

    def _add(self, line: int, given: Given | Unreadable, name: str) -> None:
        if isinstance(given, Unreadable):
            self._report(line, given.reason)
            return
        wrong = refused_address(given.uri, self._allowed) if given.uri else ""
        if wrong:
            self._report(line, f"its address {wrong}")
            return
        identity = self._identity(line, given, name)
        if identity is None:
            return
        if self.total >= self._max_items:
            raise Refused(
                TOO_MANY_ITEMS,
                f"the list has more than {self._max_items:,} items: make several batches of it",
            )
        self._write(Item(identity, given.uri, dict(given.params)))

    def finish(self) -> None:
        """All have come; raises Refused where there is no item."""
        with self._turn:
            self._seen.close()
            self._file.flush()
        if self.total:
            return
        if self.unreadable:
            first = self.unreadable[0]
            raise Refused(
                MANIFEST_UNREADABLE,
                f"no line of the list is an item; line {first.line}: {first.reason}",
            )
        raise Refused(EMPTY_MANIFEST, "the list has no items: a batch needs one at least")

    @property
    def sha256(self) -> str:
        """Of all lines."""
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """The manifest from its begin."""
        place = 0
        while chunk := self._read(place):
            yield chunk
            place += len(chunk)

    def close(self) -> None:
        """Remove what is temporary; waits for a thread that is at it."""
        with self._turn:
            self._seen.close()
            self._file.close()

    def _read(self, place: int) -> bytes:
        with self._turn:
            self._file.seek(place)
            return self._file.read(_CHUNK_BYTES)

    def _write(self, item: Item) -> None:
        line = msgspec.json.encode(item) + b"\n"
        self.size += len(line)
        if self.size > self._max_bytes:
            raise Refused(
                MANIFEST_TOO_LARGE,
                f"the list has more than {self._max_bytes} bytes: make several batches of it",
            )
        self._file.write(line)
        self._digest.update(line)
        self.total += 1

    def _report(self, line: int, reason: str) -> None:
        self.unreadable_count += 1
        if len(self.unreadable) < LISTED:
            self.unreadable.append(BadLine(line, reason[:_REASON_LETTERS]))

    def _duplicate(self, line: int) -> None:
        self.duplicate_count += 1
        if len(self.duplicates) < LISTED:
            self.duplicates.append(line)

    def _identity(self, line: int, given: Given, name: str) -> str | None:
        """Its id; None where it was left out and reported."""
        if given.id:
            if self._seen.take(f"i{given.id}", line):
                return given.id
            before = self._seen.line_of(f"d{given.id}")
            if before:
                taken = f"its id {given.id[:60]!r} was made of the address in line {before} before"
                self._report(line, f"{taken}: give that one an id, too")
            else:
                self._duplicate(line)
            return None
        if not self._seen.take(f"c{_content(given)}", line):
            self._duplicate(line)
            return None
        return self._derived(line, name or _last_name(given.uri))

    def _derived(self, line: int, name: str) -> str:
        wished = "".join(c for c in name if is_printable(c)).strip()
        short = wished[: ID_LETTERS - _NUMBER_LETTERS].strip() or "item"
        candidate, more = (short if wished else f"item#{self.total}"), 0
        while not self._seen.take(f"i{candidate}", line):
            candidate = f"{short}#{self.total}" + (f".{more}" if more else "")
            more += 1
        self._seen.take(f"d{candidate}", line)
        return candidate


class _Seen:
    """What was there before, and in which line."""

    def __init__(self) -> None:
        # An empty name: on the disk, in a file of its own that goes with the connection.
        self._database: sqlite3.Connection | None = sqlite3.connect(
            "", check_same_thread=False, isolation_level=None
        )
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "PRAGMA cache_size=-16384",
            "CREATE TABLE seen (word TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID",
            "BEGIN",  # one transaction that is never committed: each of its own would be written
        ):
            self._database.execute(statement).close()

    def take(self, word: str, line: int) -> bool:
        """Whether it was not there before; now it is."""
        done = self._open.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (word, line))
        return done.rowcount == 1

    def line_of(self, word: str) -> int:
        """Where it was; 0: nowhere."""
        row = self._open.execute("SELECT line FROM seen WHERE word = ?", (word,)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    @property
    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise ValueError("the manifest was finished")
        return self._database


def _content(given: Given) -> str:
    content = msgspec.json.encode([given.uri, sorted(given.params.items())])
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _last_name(uri: str) -> str:
    return unquote(urlsplit(uri).path).rstrip("/").rpartition("/")[2] if uri else ""
