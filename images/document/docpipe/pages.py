"""What the child process is asked about a document, and what it answers: the types of both.

The answers are how many pages there are, then each page, or what is wrong with it.

Extraction states facts (which letters stand where, how large). What they mean - a heading, a
table - is the judgement of `text.layout`, in the stage `markdown`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["pdf", "docx", "pptx", "xlsx", "rtf", "html", "mail", "text", "picture", "sound"]
"""What a file is."""

Source = Literal["text", "ocr", "markup"]
"""Letters that the file carries, letters read from a picture, or structure of an Office file."""


class Cell(msgspec.Struct, frozen=True):
    """Words that stand together on a line, from `left` to `right`."""

    text: str
    left: float
    right: float


class Line(msgspec.Struct, frozen=True):
    """A line of a page; places in points from the page's upper left corner."""

    cells: list[Cell]
    top: float
    bottom: float
    size: float
    bold: bool = False

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(cell.text for cell in self.cells)


class Page(msgspec.Struct, frozen=True, tag="page"):
    """One page: lines (of PDFs and pictures) or Markdown; `note` says what of it was left out."""

    number: int
    source: Source
    width: float = 0.0
    height: float = 0.0
    lines: list[Line] = []
    markup: str = ""
    confidence: float | None = None
    languages: str = ""
    seconds: float = 0.0
    note: str = ""

    @property
    def text(self) -> str:
        """The page's words, a line a line."""
        return self.markup or "\n".join(line.text for line in self.lines)


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A document that can be read; `pages` are all it has, also those beyond the limit."""

    kind: Kind
    pages: int
    title: str = ""
    author: str = ""


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """What cannot be read, and why; page 0 is the whole document."""

    number: int
    reason: str
    message: str
    refused: bool = True
    skipped: bool = False


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """A page as a picture, stored under `file`."""

    number: int
    file: str
    width: int
    height: int
    rendering: Literal["page", "text"]
    seconds: float = 0.0


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """What a file lets hear; loudness in dB below full scale, `files` the WAV files cut from it."""

    seconds: float
    channels: int
    rate: int
    codec: str
    loudness: float
    files: list[str] = []


Answer = Opened | Page | Failure | Picture | Sound


class Task(msgspec.Struct, frozen=True):
    """What a child process is asked to do with the file at `path`, from page `first` to `last`."""

    verb: Literal["read", "draw", "listen"]
    path: str
    kind: Kind
    first: int = 1
    last: int = 0
    folder: str = ""
    side: int = 1400
    form: Literal["JPEG", "PNG"] = "JPEG"
    languages: str = "auto"

    def page_numbers(self, count: int) -> range:
        """The pages that are wanted of a document with `count` pages."""
        return range(self.first, min(self.last, count) + 1)
