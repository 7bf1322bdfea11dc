"""Which entries were made before, and which are new? Sixteen bytes each: half id, half content.

Of what is in no document any more the oldest are forgotten first, once there are too many; one that
comes back after that is made again, unless its run is still there: its name is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stagework.tasks.entries.mapping import EntryRun, digest_of

ENTRIES_MAX: Final = 40_000
"""So many are remembered, and may be in one document."""
_HALF: Final = 8


@dataclass
class KnownEntries:
    """By the digest of the id: the digest of what was made last; the newest last."""

    digests: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])

    @classmethod
    def of(cls, stored: bytes) -> "KnownEntries":
        """What was encoded; a part of an entry at the end is none."""
        whole = len(stored) // (2 * _HALF)
        pairs = (stored[place : place + 2 * _HALF] for place in range(0, whole * 16, 16))
        return cls({pair[:_HALF]: pair[_HALF:] for pair in pairs})

    def encoded(self) -> bytes:
        """As it is stored."""
        return b"".join(known_by + digest for known_by, digest in self.digests.items())

    def holds(self, run: EntryRun) -> bool:
        """Whether this very content was made."""
        return self.digests.get(digest_of(run.id)) == run.digest

    def add(self, run: EntryRun) -> None:
        """It was made."""
        key = digest_of(run.id)
        self.digests.pop(key, None)
        self.digests[key] = run.digest

    def forget_beyond(self, limit: int, present: Sequence[EntryRun]) -> None:
        """Keep `limit` of them: those that are present, and the newest of the others."""
        stay = {digest_of(run.id) for run in present}
        surplus = len(self.digests) - limit
        for key in [key for key in self.digests if key not in stay][: max(0, surplus)]:
            del self.digests[key]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The entries of a document."""

    new: list[EntryRun]
    """To be made, in the document's order, `limit` at most."""
    left: int
    """New ones beyond that."""
    same: list[EntryRun]
    """Made before."""
    doubles: list[str]
    """Ids that came more than once: the first one counts."""


def sort_entries(runs: Sequence[EntryRun], known: KnownEntries, limit: int) -> Sorted:
    """What is to be made of them."""
    seen: set[str] = set()
    new: list[EntryRun] = []
    same: list[EntryRun] = []
    doubles: list[str] = []
    for run in runs:
        if run.id in seen:
            doubles.append(run.id)
            continue
        seen.add(run.id)
        (same if known.holds(run) else new).append(run)
    return Sorted(new[:limit], max(0, len(new) - limit), same, doubles)
