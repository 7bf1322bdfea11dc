"""DOCX and PPTX by markitdown, XLSX by openpyxl: Markdown with headings and tables. Child only.

markitdown guesses what a file is with a neural network (magika, 90 MB with its runtime); here that
is known already, so the converters are called by name, and an empty module stands for magika.
XLSX is read row by row: markitdown would want pandas for it.
"""

# ruff: noqa: PLC0415  (markitdown only after the module that stands for magika)

from __future__ import annotations

import datetime as dt
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
from docpipe import archives, limits
from docpipe.pages import Answer, Opened, Page, Task
from docpipe.tables import table

_SLIDE: Final = re.compile(r"<!-- Slide number: \d+ -->")
_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_EMPTY_HEAD: Final = re.compile(r"^(\|(?: +\|)+)\n(\|(?: *-{3,} *\|)+)\n(\|.*\|)$", re.MULTILINE)
_DC: Final = "{http://purl.org/dc/elements/1.1/}"


class _Converted(Protocol):
    markdown: str


class _Converter(Protocol):
    def convert(self, file_stream: object, stream_info: object) -> _Converted: ...


def converter(name: str) -> _Converter:
    """One of markitdown's converters, such as `DocxConverter`."""
    sys.modules.setdefault("magika", types.ModuleType("magika"))
    from markitdown import converters

    made: _Converter = getattr(converters, name)()
    return made


def convert(name: str, file: object, charset: str | None = None) -> str:
    """Markdown of an open file."""
    made = converter(name)
    from markitdown import StreamInfo

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said about odd files, for programmers
        return made.convert(file, StreamInfo(charset=charset)).markdown


def read(task: Task, path: Path) -> Iterator[Answer]:
    """A DOCX is one page, each slide and each sheet is one."""
    archives.check(path)
    title, author = _about(path)
    began = time.monotonic()
    if task.kind == "xlsx":
        pages = list(_sheets(path))
    else:
        name = "DocxConverter" if task.kind == "docx" else "PptxConverter"
        with path.open("rb") as file:
            whole = convert(name, file)
        pages = _SLIDE.split(whole)[1:] if task.kind == "pptx" else [whole]
    if not pages:
        raise stagekit.Refused("NoPages", "the document has no slides or sheets")
    yield Opened(task.kind, len(pages), title, author)
    seconds = round((time.monotonic() - began) / len(pages), 3)
    for number, text in enumerate(pages, start=1):
        if task.first <= number <= task.last:
            yield Page(number, "markup", markup=_tidy(text), seconds=seconds)


def _tidy(text: str) -> str:
    """A picture leaves its description; its data or file name is nobody's text."""
    text = _PICTURE.sub(lambda found: f"[picture: {found[1]}]" if found[1].strip() else "", text)
    # Word's tables seldom say that their first row is the head: an empty one stands there.
    text = _EMPTY_HEAD.sub(r"\3\n\2", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _about(path: Path) -> tuple[str, str]:
    """Title and author, where the document names them."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = ET.fromstring(archive.read("docProps/core.xml"))  # noqa: S314  (checked size)
    except (KeyError, ET.ParseError):
        return "", ""
    return root.findtext(f"{_DC}title") or "", root.findtext(f"{_DC}creator") or ""


def _sheets(path: Path) -> Iterator[str]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for sheet in book.worksheets:
        rows = cast(
            "Iterable[tuple[object, ...]]",
            sheet.iter_rows(
                max_row=limits.MOST_ROWS, max_col=limits.MOST_COLUMNS, values_only=True
            ),
        )
        filled = [row for row in rows if any(value is not None for value in row)]
        yield f"## {sheet.title}\n\n{table([[_shown(v) for v in row] for row in filled])}"
    book.close()


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
