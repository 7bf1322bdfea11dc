"""What a search has found: the part of a text in which the words stand, in [brackets].

SQLite's own snippets count in trigrams, and cut words in two.
"""

import re
from collections.abc import Sequence
from typing import Final

from stagekit.search_index import Piece
from stagework.cli.text.tables import Cell, Table, one_line

AROUND: Final = 50
"""Characters shown at each side of the first match, up to the next space."""
_HEADING: Final = re.compile(r"^#{1,6} .*$", re.MULTILINE)


def hits_table(hits: Sequence[Piece], words: Sequence[str]) -> Table:
    """Page, section and words of every hit."""
    return Table(
        ("PAGE", "SECTION", "FOUND"),
        tuple(
            (Cell(hit.pages), Cell(one_line(hit.section)), Cell(one_line(excerpt(hit.text, words))))
            for hit in hits
        ),
    )


def excerpt(text: str, words: Sequence[str], around: int = AROUND) -> str:
    """One line of the text about its first match; its beginning where no word stands in it."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    # Headings have a column of their own, unless the word stands only there.
    prose = _HEADING.sub("", text)
    flat = " ".join((prose if pattern.search(prose) else text).split())
    match = pattern.search(flat)
    first, last = match.span() if match else (0, 0)
    start = _start(flat, first - around)
    end = _end(flat, last + around)
    piece = pattern.sub(lambda word: f"[{word[0]}]", flat[start:end])
    return f"{'... ' if start else ''}{piece}{' ...' if end < len(flat) else ''}"


def _start(text: str, at: int) -> int:
    """The beginning of the next word from here, or of this one where a word is that long."""
    if at <= 0:
        return 0
    space = text.find(" ", at - 1, at + AROUND)
    return space + 1 if space >= 0 else at


def _end(text: str, at: int) -> int:
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", max(at - AROUND, 0), at + 1)
    return space if space >= 0 else at
