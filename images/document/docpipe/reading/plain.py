"""HTML, RTF, tables of text, and plain text. In the child process only."""

# ruff: noqa: PLC0415  (libraries are loaded only for the kind of document that wants them)

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from docpipe.pages import Answer, Opened, Page, Task
from docpipe.reading import charsets, delimited
from docpipe.text.tables import table

_MOST_BYTES: Final = 32 << 20
_JOINERS: Final = "\u200c\u200d"
"""They print nothing, and hold letters and emoji together or apart."""


def read(task: Task, path: Path) -> Iterator[Answer]:
    """One page of Markdown; a form feed begins another in plain text."""
    began = time.monotonic()
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    note = (
        f"only the first {_MOST_BYTES >> 20} MiB were read"
        if path.stat().st_size > len(content)
        else ""
    )
    title = ""
    if task.kind == "html":
        from docpipe.reading import markup

        text = charsets.decoded(content)
        title, pages = markup.title(text), [markup.page(text)]
    elif task.kind == "rtf":
        pages = [rich_text(content)]
    else:
        text = charsets.decoded(content)
        rows, beyond = delimited.within_limits(delimited.rows_of(text))
        note = "; ".join(filter(None, (note, beyond)))
        pages = [table(rows)] if rows else [p for p in text.split("\f") if p.strip()] or [""]
    yield Opened(task.kind, len(pages), title)
    seconds = round((time.monotonic() - began) / len(pages), 3)
    for number in task.page_numbers(len(pages)):
        about = note if number == 1 else ""
        yield Page(number, "markup", markup=clean(pages[number - 1]), seconds=seconds, note=about)


def clean(text: str) -> str:
    """A text without what no one reads, its lines ended in one way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c.isprintable() or c.isspace() or c in _JOINERS)
    return "".join(kept).strip()


def rich_text(content: bytes) -> str:
    """An RTF's words; its tables are tables again."""
    from striprtf import striprtf

    library: Any = striprtf  # it knows no types
    words = str(library.rtf_to_text(content.decode("latin-1"), errors="replace"))
    text = charsets.joined(words)
    blocks: list[str] = []
    for is_row, lines in itertools.groupby(text.split("\n"), key=_is_row):
        if is_row:
            blocks.append(table([line.split("|")[:-1] for line in lines]))
        else:
            blocks.append("\n\n".join(line.strip() for line in lines if line.strip()))
    return "\n\n".join(filter(None, blocks))


def _is_row(line: str) -> bool:
    return line.endswith("|") and line.count("|") > 1
