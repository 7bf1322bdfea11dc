"""`stagework search`: look for words in the index that a run's `fulltext` stage has left."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from stagework.cli.commands import results
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.service import ApiService
from stagework.cli.session import session_of
from stagework.cli.text.excerpts import excerpt
from stagework.cli.text.tables import Cell, Table, one_line
from stagework.cli.text.values import Fetched

INDEX_FILE: Final = "index.sqlite"
"""SQLite FTS5 with the columns text, section, id and pages."""
HITS: Final = 10
"""Hits shown at most."""
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of the document that has all the words; they stand in [brackets]."""

    pages: str
    section: str
    extract: str


def search(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="The run.")],
    words: Annotated[list[str], typer.Argument(help="Words of three letters or more.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; ./out/NAME by default.")] = None,
    namespace: Namespace = None,
    service_account: ServiceAccount = "default",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Search the full-text index of a document run (fetched once with its other results)."""
    session = session_of(context)
    folder = to or Path("out") / name
    found = sorted(folder.glob(f"*/{INDEX_FILE}"))
    if not found:
        where = session.namespace(namespace)
        service = ApiService(session.cluster, release_namespace, where, service_account)
        found = indexes(results.fetch(service, session.objects.job(where, name), folder))
    if not found:
        raise CommandError(f"{name} has no {INDEX_FILE}", command=f"stagework status {name}")
    session.terminal.table(hits_table(look_up(found[0], words)))


def indexes(fetched: list[Fetched]) -> list[Path]:
    """The index files among a run's results."""
    return [Path(p) for each in fetched for p in each.files if Path(p).name == INDEX_FILE]


def hits_table(hits: list[Hit]) -> Table:
    """Page, section and words of every hit."""
    return Table(
        ("PAGE", "SECTION", "FOUND"),
        tuple((Cell(h.pages), Cell(one_line(h.section)), Cell(one_line(h.extract))) for h in hits),
    )


def look_up(index: Path, words: list[str]) -> list[Hit]:
    """Pieces with all the words, best first; raises CommandError for words that cannot match."""
    parts = [part for word in words for part in word.replace("\0", "").split()]
    short = [part for part in parts if len(part) < _SHORTEST]
    if short or not parts:
        raise CommandError(
            f"a word needs {_SHORTEST} letters: {' '.join(short) or 'none was given'}"
        )
    quoted = " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)
    query = (
        "SELECT pages, section, text FROM chunks "
        "WHERE chunks MATCH ? ORDER BY bm25(chunks, 1.0, 3.0) LIMIT ?"
    )
    try:
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as base:
            rows = base.execute(query, (quoted, HITS)).fetchall()
    except sqlite3.DatabaseError as error:
        raise CommandError(f"{index} cannot be searched: {error}") from error
    # SQLite's own snippets count in trigrams, and cut words in two.
    return [
        Hit(str(pages), str(section), excerpt(str(text), parts)) for pages, section, text in rows
    ]
