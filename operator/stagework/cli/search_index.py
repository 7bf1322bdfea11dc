"""The search index that a run may leave, as `docs/search-index.md` describes it to stages.

Any stage may commit one: a file `index.sqlite` with a table of trigrams. Nothing here knows which
stage of which pipeline does.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from stagekit import search_index
from stagework.cli.errors import CommandError
from stagework.cli.outputs import Fetched

INDEX_FILE: Final = "index.sqlite"
"""Name of the file among a stage's outputs."""
HITS: Final = 10
"""Hits that are looked for at most."""
SHORTEST: Final = 3
"""Shorter words of Latin letters are parts of nearly everything; Korean words have two."""


def indexes(fetched: Iterable[Fetched]) -> list[Path]:
    """The index files among a run's results."""
    paths = (Path(path) for outputs in fetched for path in outputs.files)
    return [path for path in paths if path.name == INDEX_FILE]


def words_of(query: Iterable[str]) -> list[str]:
    """The words to look for; raises CommandError for words that stand nearly everywhere."""
    words = search_index.words_of(" ".join(query))
    short = [word for word in words if len(word) < SHORTEST and word.isascii()]
    if short or not words:
        raise CommandError(
            f"a word needs {SHORTEST} letters: {' '.join(short) or 'none was given'}"
        )
    return words


def look_up(index: Path, words: Sequence[str]) -> list[search_index.Piece]:
    """Pieces with most of the words, best first; raises CommandError for another file."""
    try:
        return search_index.look_up(index, words, HITS)
    except search_index.NotAnIndex as error:
        raise CommandError(str(error)) from error
