"""Words are looked up in the index that a stage has left, as `docs/search-index.md` describes it.

1. Punctuation is no word: a query is its letters and digits.
2. A piece is a hit if it has most of the words, as parts of its own words: Korean joins particles.
3. More words come first; among as many, rare words and those in the heading count for more.

Pieces are gone through one by one: a trigram index finds no word of two letters, and Korean is full
of them. Of some thousand pieces this takes milliseconds.
"""

from __future__ import annotations

import math
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IN_HEADING: Final = 3
"""How often a word in the heading counts."""
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)+|\w+")
_HALF_WEIGHT: Final = 1.2
"""How often a word stands in a piece of middle length that weighs half of what it can (BM25)."""


class NotAnIndex(Exception):  # noqa: N818  (said as it is)
    """The file is no index of this kind."""


@dataclass(frozen=True)
class Piece:
    """A piece of what was indexed that has most of the words."""

    id: str
    pages: str
    section: str
    text: str


def words_of(query: str) -> list[str]:
    """The words of a query, none twice; single Latin letters only where there is nothing else."""
    words = list(dict.fromkeys(_WORD.findall(unicodedata.normalize("NFC", query))))
    return [word for word in words if len(word) > 1 or not word.isascii()] or words


def look_up(index: Path, words: Sequence[str], limit: int) -> list[Piece]:
    """Pieces with most of the words, best first; raises NotAnIndex."""
    wanted = [word.casefold() for word in words if word]
    try:
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as base:
            rows = base.execute("SELECT rowid, section, text FROM chunks")
            best = _ranked(rows, wanted)[:limit]
            chosen = "SELECT id, pages, section, text FROM chunks WHERE rowid = ?"
            found = [base.execute(chosen, (row,)).fetchone() for row in best]
    except sqlite3.DatabaseError as error:
        raise NotAnIndex(f"{index.name!r} cannot be searched: {error}") from error
    return [Piece(*map(str, piece)) for piece in found]


def _ranked(rows: Iterable[tuple[int, str, str]], words: Sequence[str]) -> list[int]:
    """Numbers of the rows that have most of the words, best first."""
    number, letters, counts = 0, 0, dict[int, tuple[int, list[int]]]()
    for row, section, text in rows:
        heading, body = str(section).casefold(), str(text).casefold()
        number, letters = number + 1, letters + len(body)
        own = [body.count(word) + IN_HEADING * heading.count(word) for word in words]
        if any(own):
            counts[row] = len(body), own
    spread = [sum(bool(own[n]) for _, own in counts.values()) for n in range(len(words))]
    rarity = [math.log(1 + (number - some + 0.5) / (some + 0.5)) for some in spread]

    def rank(row: int) -> tuple[float, float, int]:
        length, own = counts[row]
        half = _HALF_WEIGHT * (0.25 + 0.75 * length * number / max(letters, 1))
        weight = sum(r * n / (n + half) for r, n in zip(rarity, own, strict=True))
        return -sum(map(bool, own)), -weight, row

    most = [row for row, (_, own) in counts.items() if sum(map(bool, own)) * 2 > len(words)]
    return sorted(most, key=rank)
