"""Office documents: what DOCX, PPTX and XLSX have in common. Child only.

A DOCX is one page, each slide and each sheet is one. Their parts are read by `words`, `slides` and
`sheets`; what one of these cannot read is left out with a note, and the document goes on.
"""

# ruff: noqa: PLC0415  (libraries are loaded only for the kind of document that wants them)

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import stagekit
from docpipe.pages import Answer, Opened, Page, Task
from docpipe.reading import archives, markup
from docpipe.reading.illustrations import Illustrations

_DC: Final = "{http://purl.org/dc/elements/1.1/}"


def read(task: Task, path: Path) -> Iterator[Answer]:
    """The document's pages; what was left out of them is noted on the first."""
    archives.check(path)
    title, author = _title_and_author(path)
    began = time.monotonic()
    pages, notes = _pages(task, path)
    if not pages:
        raise stagekit.Refused("NoPages", "the document has no slides or sheets")
    yield Opened(task.kind, len(pages), title, author)
    seconds = round((time.monotonic() - began) / len(pages), 3)
    for number in task.page_numbers(len(pages)):
        text = markup.tidy(pages[number - 1])
        note = "; ".join(notes) if number == 1 else ""
        yield Page(number, "markup", markup=text, seconds=seconds, note=note)


def _pages(task: Task, path: Path) -> tuple[list[str], list[str]]:
    """Markdown of every page, and what was left out. Libraries are loaded only for their kind."""
    if task.kind == "xlsx":
        from docpipe.reading.sheets import Workbook

        book = Workbook(path)
        return book.sheets(), book.notes
    pictures = Illustrations(task.languages)
    if task.kind == "pptx":
        from docpipe.reading.slides import Deck

        deck = Deck(path, pictures)
        return deck.slides(), [*deck.notes, *pictures.notes]
    from docpipe.reading import words

    text, notes = words.read(path, pictures)
    return [text], notes


def _title_and_author(path: Path) -> tuple[str, str]:
    """Title and author, where the document names them."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = ET.fromstring(archive.read("docProps/core.xml"))  # noqa: S314  (checked size)
    except (KeyError, ET.ParseError):
        return "", ""
    return root.findtext(f"{_DC}title") or "", root.findtext(f"{_DC}creator") or ""
