"""The search index: SQLite FTS5 over trigrams, so that parts of words and Korean are found too.

Trigrams need words of three characters. Shorter ones, which Korean is full of, are looked for in
the texts themselves; among some thousand chunks this takes milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from docpipe.outputs import Piece

_TABLE: Final = """
CREATE VIRTUAL TABLE chunks USING fts5(
  text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram'
)"""
_SHORTEST: Final = 3


class Hit(msgspec.Struct, frozen=True):
    """A chunk that has all words of a query; `extract` shows them in [brackets]."""

    id: str
    pages: list[int]
    section: str
    extract: str


class NotAnIndex(Exception):  # noqa: N818  (said as it is)
    """The file is no index of this kind."""


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
    """Chunks with all words of the query, best first; raises NotAnIndex."""
    words = [word.replace("\0", "") for word in query.split()]
    long = [word for word in words if len(word) >= _SHORTEST]
    short = [word for word in words if 0 < len(word) < _SHORTEST]
    if not long and not short:
        return []
    where = ["chunks MATCH ?"] if long else []
    values: list[str | int] = (
        [" AND ".join(f'"{w.replace(chr(34), chr(34) * 2)}"' for w in long)] if long else []
    )
    for word in short:
        where.append("text LIKE ? ESCAPE '\\'")
        values.append(f"%{_plain(word)}%")
    # snippet() and bm25() speak only of a MATCH.
    shown = "snippet(chunks, 0, '[', ']', '...', 40)" if long else "text"
    order = "bm25(chunks, 1.0, 3.0)" if long else "rowid"
    sql = (
        f"SELECT id, pages, section, {shown} FROM chunks"  # noqa: S608  (words of this module)
        f" WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
    )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            rows = base.execute(sql, [*values, limit]).fetchall()
    except sqlite3.DatabaseError as error:
        raise NotAnIndex(f"{path.name!r} cannot be searched: {error}") from error
    return [
        Hit(
            identity,
            [int(p) for p in pages.split(",") if p],
            section,
            _around(text, short[0]) if not long else text,
        )
        for identity, pages, section, text in rows
    ]


def _plain(word: str) -> str:
    for sign in "\\%_":
        word = word.replace(sign, f"\\{sign}")
    return word


def _around(text: str, word: str) -> str:
    at = text.casefold().find(word.casefold())
    start, end = max(at - 50, 0), at + len(word)
    before = ("..." if start else "") + text[start:at]
    after = text[end : end + 60] + ("..." if end + 60 < len(text) else "")
    return f"{before}[{text[at:end]}]{after}"
