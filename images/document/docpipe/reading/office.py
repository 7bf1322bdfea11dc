"""DOCX and PPTX by markitdown, XLSX by openpyxl: Markdown with headings and tables. Child only.

markitdown guesses what a file is with a neural network (magika, 90 MB with its runtime); here that
is known already, so the converters are called by name, and an empty module stands for magika.
XLSX is read row by row: markitdown would want pandas for it.
"""

# ruff: noqa: PLC0415  (markitdown only after the module that stands for magika)

from __future__ import annotations

import datetime as dt
import itertools
import re
import sys
import time
import types
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol, cast
from xml.etree import ElementTree as ET

import openpyxl

import stagekit
from docpipe import limits
from docpipe.pages import Answer, Opened, Page, Task
from docpipe.reading import archives
from docpipe.text.tables import table

_SLIDE: Final = re.compile(r"<!-- Slide number: \d+ -->")
_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_EMPTY_HEAD: Final = re.compile(r"^(\|(?: +\|)+)\n(\|(?: *-{3,} *\|)+)\n(\|.*\|)$", re.MULTILINE)
_BARE_FORMULA: Final = re.compile(rb"</f>\s*(?:</c>|<v\s*/>|<v></v>)")
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_Row = tuple[object, ...]


class _Converted(Protocol):
    markdown: str


class _Converter(Protocol):
    def convert(self, file_stream: object, stream_info: object) -> _Converted: ...


def converter(name: str) -> _Converter:
    """One of markitdown's converters, such as `DocxConverter`."""
    sys.modules.setdefault("magika", types.ModuleType("magika"))
    from markitdown import converters

    chosen: _Converter = getattr(converters, name)()
    return chosen


def convert(name: str, file: object, charset: str | None = None) -> str:
    """Markdown of an open file."""
    chosen = converter(name)
    from markitdown import StreamInfo

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said about odd files, for programmers
        return chosen.convert(file, StreamInfo(charset=charset)).markdown


def read(task: Task, path: Path) -> Iterator[Answer]:
    """A DOCX is one page, each slide and each sheet is one."""
    archives.check(path)
    title, author = _title_and_author(path)
    began = time.monotonic()
    if task.kind == "xlsx":
        pages = list(_sheets(path))
    else:
        name = "DocxConverter" if task.kind == "docx" else "PptxConverter"
        with path.open("rb") as file:
            whole = convert(name, file)
        pages = _SLIDE.split(whole)[1:] if task.kind == "pptx" else [whole]
        pages = [_lines_apart(page) for page in pages] if task.kind == "pptx" else pages
    if not pages:
        raise stagekit.Refused("NoPages", "the document has no slides or sheets")
    yield Opened(task.kind, len(pages), title, author)
    seconds = round((time.monotonic() - began) / len(pages), 3)
    for number in task.page_numbers(len(pages)):
        yield Page(number, "markup", markup=tidy(pages[number - 1]), seconds=seconds)


def _lines_apart(slide: str) -> str:
    """Each line of a slide is a paragraph of its own, but for the rows of a table."""
    lines = [" ".join(line.split()) for line in slide.replace("\v", " ").split("\n")]
    apart = ""
    for before, line in itertools.pairwise(["", *filter(None, lines)]):
        apart += ("\n" if before[:1] == line[:1] == "|" else "\n\n") + line
    return apart


def tidy(text: str) -> str:
    """A picture leaves its description; its data or file name is nobody's text."""
    text = _PICTURE.sub(
        lambda picture: f"[picture: {picture[1]}]" if picture[1].strip() else "", text
    )
    # Word's tables seldom say that their first row is the head: an empty one stands there.
    text = _EMPTY_HEAD.sub(r"\3\n\2", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _title_and_author(path: Path) -> tuple[str, str]:
    """Title and author, where the document names them."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = ET.fromstring(archive.read("docProps/core.xml"))  # noqa: S314  (checked size)
    except (KeyError, ET.ParseError):
        return "", ""
    return root.findtext(f"{_DC}title") or "", root.findtext(f"{_DC}creator") or ""


def _sheets(path: Path) -> Iterator[str]:
    """Values as the spreadsheet program stored them; a formula without one is shown itself."""
    formulas = _rows_by_sheet(path, values=False) if _has_bare_formulas(path) else ()
    both = itertools.zip_longest(_rows_by_sheet(path, values=True), formulas)
    for (name, rows), other in both:
        whole = rows if other is None else map(_filled_up, rows, other[1])
        filled = [row for row in whole if any(value is not None for value in row)]
        # A sheet's name alone is no text: new workbooks have empty sheets.
        cells = table([[_as_text(value) for value in row] for row in filled])
        yield f"## {name}\n\n{cells}" if cells else ""


def _rows_by_sheet(path: Path, *, values: bool) -> Iterator[tuple[str, Iterable[_Row]]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=values)
    for sheet in book.worksheets:
        rows = sheet.iter_rows(
            max_row=limits.MOST_ROWS, max_col=limits.MOST_COLUMNS, values_only=True
        )
        yield sheet.title, cast("Iterable[_Row]", rows)
    book.close()


def _filled_up(row: _Row, formulas: _Row) -> _Row:
    return tuple(
        formula if value is None and str(formula).startswith("=") else value
        for value, formula in itertools.zip_longest(row, formulas)
    )


def _has_bare_formulas(path: Path) -> bool:
    """Programs that calculate store the result beside a formula; libraries store the formula."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as sheet:
                before = b""
                while step := sheet.read(1 << 20):
                    if _BARE_FORMULA.search(before + step):
                        return True
                    before = step[-64:]
    return False


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
