"""A clean grey page becomes lines, in the language that fits it. In the child process only.

Languages: `auto` reads with both models and judges by the letters found. A page with Korean is read
again as `korean` says; one without it again with English alone, which is better at it, and the
surer reading is taken.
"""

from __future__ import annotations

from typing import Final

import msgspec
import tesserocr
from PIL import Image

from docpipe.pages import Line
from docpipe.reading.ocr import korean, recognition, spacing
from docpipe.reading.ocr.recognition import Row

_CLEARLY_MORE: Final = 1.15
"""How much more text, weighed by confidence, a page read in blocks must have than as one column."""


class Reading(msgspec.Struct, frozen=True):
    """Lines from top to bottom, in pixels of the page; confidence from 0 to 1."""

    lines: list[Line]
    confidence: float
    languages: str
    width: float
    height: float

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def weight(self) -> float:
        """How much text there is, weighed by confidence."""
        return self.confidence * len(self.text)


def read(page: Image.Image, languages: str) -> Reading:
    """Reads a page in one of `reader_languages.KNOWN`."""
    models = "kor+eng" if languages == "auto" else languages
    first = _read(page, models, recognition.BLOCKS)
    if not first.lines:  # a few lines are no block to Tesseract
        first = _read(page, models, recognition.COLUMN)
    share = korean.share(first.text)
    if "kor" in first.languages and share > korean.MOSTLY:
        column = _reading(page, *korean.rows(page, languages))
        return first if first.weight > _CLEARLY_MORE * column.weight else column
    if languages != "auto":
        return first
    english = _read(page, "eng", recognition.BLOCKS)
    # A lone Korean word in an English page would be lost: then only a clear gain counts.
    margin = 0.05 if share > 0.02 else -0.02
    return english if english.confidence > first.confidence + margin else first


def _read(page: Image.Image, languages: str, blocks: tesserocr.PSM) -> Reading:
    return _reading(page, recognition.rows(page, languages, blocks), languages)


def _reading(page: Image.Image, rows: list[Row], languages: str) -> Reading:
    ink = spacing.ink_of(page)
    lines = [spacing.line(row, ink) for row in rows]
    confidence = round(recognition.confidence(rows), 3)
    return Reading(lines, confidence, languages, float(page.width), float(page.height))
