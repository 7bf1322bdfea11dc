"""The search index that a run may leave, as `docs/search-index.md` describes it to stages.

Any stage may commit one: a file `index.sqlite` with a table of trigrams. Nothing here knows which
stage of which pipeline does.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagework.cli.errors import CommandError
from stagework.cli.outputs import Fetched

INDEX_FILE: Final = "index.sqlite"
"""Name of the file among a stage's outputs."""
HITS: Final = 10
"""Hits that are looked for at most."""
SHORTEST: Final = 3
"""Trigrams find no shorter word."""
_QUERY: Final = (
    "SELECT pages, section, text FROM chunks "
    "WHERE chunks MATCH ? ORDER BY bm25(chunks, 1.0, 3.0) LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of what was indexed that has all the words."""

    pages: str
    section: str
    text: str
    """The whole piece."""


def indexes(fetched: Iterable[Fetched]) -> list[Path]:
    """The index files among a run's results."""
    paths = (Path(path) for outputs in fetched for path in outputs.files)
    return [path for path in paths if path.name == INDEX_FILE]


def words_of(query: Iterable[str]) -> list[str]:
    """The words to look for; raises CommandError for words that no index can find."""
    words = [word for part in query for word in part.replace("\0", "").split()]
    short = [word for word in words if len(word) < SHORTEST]
    if short or not words:
        raise CommandError(
            f"a word needs {SHORTEST} letters: {' '.join(short) or 'none was given'}"
        )
    return words


def look_up(index: Path, words: Iterable[str]) -> list[Hit]:
    """Pieces with all the words, best first; raises CommandError for a file that is no index."""
    phrases = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    try:
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as base:
            rows = base.execute(_QUERY, (phrases, HITS)).fetchall()
    except sqlite3.DatabaseError as error:
        raise CommandError(f"{index} cannot be searched: {error}") from error
    return [Hit(str(pages), str(section), str(text)) for pages, section, text in rows]
