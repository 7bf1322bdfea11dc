"""A chunk of a Batch as one line of its status: 256 of them must fit into a small object.

`r0:120+10/1` is round 0, positions 120 to 129, first attempt. Behind it, where there is something
to say: `#1` (its run was made under another name, for the first was taken), `^100+50` (the chunk
that it is a part of), `~2` (how often it may still be parted), and the uid of its run.
"""

import base64
import re
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

PARTINGS: Final = 3
"""How often a chunk is run again in parts before each item is alone."""
_LINE: Final = re.compile(
    r"r(\d{1,7}):(\d{1,7})\+(\d{1,7})/(\d{1,7})(?:#(\d{1,3}))?(?:\^(\d{1,7})\+(\d{1,7}))?"
    r"(?:~(\d))?(?: (\S{1,128}))?"
)
_SHORT_LETTERS: Final = 22
"""Of a uid, which takes 36 as it is written elsewhere."""


@dataclass(frozen=True)
class Chunk:
    """A range of positions of a round, and one attempt at it."""

    round: int
    start: int
    count: int
    attempt: int = 1
    remake: int = 0
    """So many names of its run were taken by somebody else's."""
    origin: tuple[int, int] | None = None
    """Start and count of the chunk that it is a part of; None: it is a whole one."""
    partings: int = PARTINGS
    """How often it may still be parted by rule."""
    uid: str = ""
    """Of its run, as the answer to our create told; empty: not on record yet."""

    @property
    def name(self) -> str:
        """The same for all attempts at it."""
        return f"{self.round}-{self.start}-{self.count}"

    @property
    def end(self) -> int:
        """The position behind the last one."""
        return self.start + self.count

    @property
    def whole(self) -> tuple[int, int]:
        """Start and count of the chunk as it was first made."""
        return self.origin or (self.start, self.count)

    def again(self) -> Self:
        """The next attempt at the same."""
        return replace(self, attempt=self.attempt + 1, remake=0, uid="")

    def part(self, places: range, partings: int) -> Self:
        """Some of it; `places` count from its start."""
        return replace(
            self,
            start=self.start + places.start,
            count=len(places),
            attempt=1,
            remake=0,
            origin=self.whole,
            partings=partings,
            uid="",
        )


def pack(chunk: Chunk) -> str:
    """As one line."""
    line = f"r{chunk.round}:{chunk.start}+{chunk.count}/{chunk.attempt}"
    if chunk.remake:
        line += f"#{chunk.remake}"
    if chunk.origin is not None:
        line += f"^{chunk.origin[0]}+{chunk.origin[1]}"
    if chunk.partings != PARTINGS:
        line += f"~{chunk.partings}"
    return f"{line} {_short(chunk.uid)}" if chunk.uid else line


def unpack(line: str) -> Chunk | None:
    """None: the operator has not written that line."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    numbers = [int(text) if text else None for text in match.groups()[:8]]
    first, start, count, attempt, remake, of_start, of_count, partings = numbers
    if first is None or start is None or not count or not attempt:
        return None
    origin = None if of_start is None or of_count is None else (of_start, of_count)
    left = PARTINGS if partings is None else partings
    uid = _long(match[9] or "")
    return Chunk(first, start, count, attempt, remake or 0, origin, left, uid)


def _short(uid: str) -> str:
    """The bytes of a UUID as text; any other uid as it is."""
    try:
        known = UUID(uid)
    except ValueError:
        return uid
    if str(known) != uid:
        return uid
    return base64.urlsafe_b64encode(known.bytes).decode().rstrip("=")


def _long(text: str) -> str:
    if len(text) != _SHORT_LETTERS:
        return text
    try:
        return str(UUID(bytes=base64.urlsafe_b64decode(text + "==")))
    except ValueError:
        return text
