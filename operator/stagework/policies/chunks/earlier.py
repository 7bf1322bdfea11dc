"""What was said of the ends of earlier batches, and what was true.

Said once at each mark of a batch, kept with it, and compared once it has ended: what `calibrate`
corrects the next ones by, and what `estimate_error` says of them. Of one that was suspended,
stopped or run again in part nothing is kept: nobody foresees a person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from stagework.api.estimates import Eta

MARKS: Final = (0, 10, 25, 50, 75)
"""Percent of a batch that are handled."""
_WORDS: Final = 5


@dataclass(frozen=True, slots=True)
class Said:
    """An estimate, at one mark."""

    mark: int
    played_seconds: float
    """Its p50 before it was corrected by earlier batches."""
    eta: Eta
    """As people read it."""
    at: int
    """Seconds since 1970."""

    @classmethod
    def read(cls, line: str) -> Self | None:
        """Of a line that `line` has made; None: somebody else has."""
        words = line.split(" ")
        if len(words) != _WORDS:
            return None
        try:
            mark, played, p50, p90, at = (float(word) for word in words)
        except ValueError:
            return None
        return cls(int(mark), played, Eta(p50, p90), int(at))

    @property
    def line(self) -> str:
        """As one line."""
        p50, p90 = round(self.eta.p50_seconds), round(self.eta.p90_seconds)
        return f"{self.mark} {self.played_seconds:.1f} {p50} {p90} {self.at}"


@dataclass(frozen=True, slots=True)
class EarlierBatch:
    """One that has ended by itself."""

    said: Sequence[Said]
    ended: float
    """Seconds since 1970."""


def mark_of(handled: int, total: int) -> int:
    """The last mark that it has passed."""
    percent = handled * 100 // max(total, 1)
    return max(mark for mark in MARKS if mark <= percent)


def ratios(batches: Iterable[EarlierBatch], mark: int) -> list[float]:
    """True / said, at that mark, in their order; for `calibrate`."""
    return [
        (batch.ended - said.at) / said.played_seconds
        for batch in batches
        for said in batch.said
        if said.mark == mark and said.played_seconds > 0 and batch.ended > said.at
    ]


def said_and_true(batches: Iterable[EarlierBatch], mark: int) -> list[tuple[Eta, float]]:
    """What was said at that mark, and the seconds that it then took; for `estimate_error`."""
    return [
        (said.eta, batch.ended - said.at)
        for batch in batches
        for said in batch.said
        if said.mark == mark
    ]
