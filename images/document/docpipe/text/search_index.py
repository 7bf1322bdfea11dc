"""The search index: SQLite FTS5 over trigrams, as `docs/search-index.md` wants it.

How it is asked, `stagekit.search_index` says: the command line does it in the same way.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from docpipe.outputs import Piece
from stagekit import search_index

_TABLE: Final = """
CREATE VIRTUAL TABLE chunks USING fts5(
  text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram'
)"""
_AROUND: Final = 60
"""Characters shown at each side of the first match."""


class Hit(msgspec.Struct, frozen=True):
    """A chunk that has most words of a query; `extract` shows them in [brackets]."""

    id: str
    pages: list[int]
    section: str
    extract: str


def build(path: Path, chunks: Iterable[Piece]) -> int:
    """Writes a new index; gives the number of its entries."""
    rows = [(c.text, c.section, c.id, ",".join(map(str, c.pages))) for c in chunks]
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode = OFF")
        base.execute(_TABLE)
        base.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)
        base.execute("INSERT INTO chunks(chunks) VALUES ('optimize')")
        base.commit()
        base.execute("VACUUM")
    return len(rows)


def search(path: Path, query: str, limit: int = 10) -> list[Hit]:
    """Chunks with most words of the query, best first; raises NotAnIndex."""
    words = search_index.words_of(query)
    return [
        Hit(
            piece.id,
            [int(page) for page in piece.pages.split(",") if page],
            piece.section,
            _around(piece.text, words),
        )
        for piece in search_index.look_up(path, words, limit)
    ]


def _around(text: str, words: Sequence[str]) -> str:
    """The text about the first word that stands in it, all words in [brackets]."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    match = pattern.search(text)
    first, last = match.span() if match else (0, 0)
    start, end = max(first - _AROUND, 0), last + _AROUND
    shown = pattern.sub(lambda word: f"[{word[0]}]", text[start:end])
    return f"{'...' if start else ''}{shown}{'...' if end < len(text) else ''}"
