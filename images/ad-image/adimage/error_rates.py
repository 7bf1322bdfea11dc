"""Error rates of read text: edits that turn it into the wanted text, per character or word."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def normalised(text: str) -> str:
    """Text as it is compared: composed letters, plain quotes, single spaces, one case."""
    plain = unicodedata.normalize("NFKC", text)
    for curly, straight in (
        ("\u2019", "'"),
        ("\u2018", "'"),
        ("\u201c", '"'),
        ("\u201d", '"'),
        ("\u2014", "-"),
    ):
        plain = plain.replace(curly, straight)
    return " ".join(plain.split()).casefold()


def distance(wanted: Sequence[str], read: Sequence[str]) -> int:
    """The least number of insertions, deletions and changes (Levenshtein)."""
    row = list(range(len(read) + 1))
    for n, a in enumerate(wanted, start=1):
        before, row[0] = row[0], n
        for m, b in enumerate(read, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (a != b))
    return row[-1]


def character_error_rate(wanted: str, read: str) -> float:
    """Edits per character of the wanted text; 0 is perfect, above 1 is possible."""
    a, b = normalised(wanted), normalised(read)
    return distance(a, b) / len(a) if a else float(bool(b))


def word_error_rate(wanted: str, read: str) -> float:
    """Edits per word of the wanted text."""
    a, b = normalised(wanted).split(), normalised(read).split()
    return distance(a, b) / len(a) if a else float(bool(b))
