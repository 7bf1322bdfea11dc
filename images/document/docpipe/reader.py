"""Tesseract as a library: a clean grey page becomes lines. In the child process only.

Languages: `auto` reads with both models and judges by the letters found; a page without Korean is
read again with English alone, which is better at it, and the surer reading is taken.

Tesseract's Korean model puts spaces between syllables where there are none. In lines with Korean,
spaces are therefore taken from the gaps in the picture, as the gaps between its words tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec
import numpy as np
import tesserocr
from PIL import Image

from docpipe.pages import Cell, Line
from docpipe.scripts import is_hangul

TESSDATA: Final = Path("/usr/share/tesseract-ocr/5/tessdata")
"""Where Debian's language data are; the variable TESSDATA_PREFIX names another folder."""
WORD_GAP: Final = 0.28
"""The least gap between Korean words, in heights of the line."""
CELL_GAP: Final = 1.6
"""The least gap between cells of a table, in heights of the line."""
LEAST_CONFIDENCE: Final = 0.3
"""Words that Tesseract itself believes less are stains, not words."""


class _Step(Protocol):
    """What is used of tesserocr's iterator, whose own types say little."""

    def GetUTF8Text(self, level: int) -> str: ...  # noqa: N802

    def BoundingBox(self, level: int) -> tuple[int, int, int, int] | None: ...  # noqa: N802

    def Confidence(self, level: int) -> float: ...  # noqa: N802

    def IsAtBeginningOf(self, level: int) -> bool: ...  # noqa: N802


class _Word(msgspec.Struct, frozen=True):
    text: str
    box: tuple[int, int, int, int]
    confidence: float


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


def read(page: Image.Image, languages: str) -> Reading:
    """Reads a page in one of `reader_languages.KNOWN`."""
    first = _read(page, "kor+eng" if languages == "auto" else languages, tesserocr.PSM.AUTO)
    letters = [c for c in first.text if c.isalpha()]
    korean = sum(map(is_hangul, letters))
    if "kor" in first.languages and korean > 0.2 * len(letters):
        # Tesseract's search for blocks loses lines of Korean pages: read as one column, they stay.
        # And where nearly all is Korean, the English model only disturbs.
        alone = "kor" if languages == "auto" and korean > 0.9 * len(letters) else first.languages
        column = _read(page, alone, tesserocr.PSM.SINGLE_COLUMN)
        return max(first, column, key=lambda reading: reading.confidence * len(reading.text))
    if languages != "auto":
        return first
    english = _read(page, "eng", tesserocr.PSM.AUTO)
    # A lone Korean word in an English page would be lost: then only a clear gain counts.
    margin = 0.05 if korean > 0.02 * len(letters) else -0.02
    return english if english.confidence > first.confidence + margin else first


def _read(page: Image.Image, languages: str, blocks: tesserocr.PSM) -> Reading:
    data = os.environ.get("TESSDATA_PREFIX", str(TESSDATA))
    with tesserocr.PyTessBaseAPI(path=data, lang=languages, psm=blocks) as api:
        api.SetImage(page)  # pyright: ignore[reportUnknownMemberType]
        api.SetSourceResolution(300)
        api.Recognize()
        steps = cast(
            "Iterable[_Step]",
            tesserocr.iterate_level(api.GetIterator(), tesserocr.RIL.WORD),  # pyright: ignore[reportUnknownMemberType]
        )
        rows = _rows(steps)
    lines = [_line(row) for row in rows]
    letters = sum(len(word.text) for row in rows for word in row)
    sure = sum(word.confidence * len(word.text) for row in rows for word in row)
    confidence = round(sure / letters, 3) if letters else 0.0
    return Reading(lines, confidence, languages, float(page.width), float(page.height))


def _rows(steps: Iterable[_Step]) -> list[list[_Word]]:
    rows: list[list[_Word]] = [[]]
    level = tesserocr.RIL.WORD
    for step in steps:
        try:
            text = step.GetUTF8Text(level).strip()
        except RuntimeError:  # "No text returned": how tesserocr says that there is nothing
            continue
        if step.IsAtBeginningOf(tesserocr.RIL.TEXTLINE):
            rows.append([])
        box = step.BoundingBox(level)
        sure = float(step.Confidence(level)) / 100
        if text and box is not None and sure >= LEAST_CONFIDENCE:
            rows[-1].append(_Word(text, box, sure))
    return [row for row in rows if row]


def _line(words: list[_Word]) -> Line:
    top = min(word.box[1] for word in words)
    bottom = max(word.box[3] for word in words)
    high = float(np.median([word.box[3] - word.box[1] for word in words]))
    groups: list[list[_Word]] = [[words[0]]]
    for word in words[1:]:
        if word.box[0] - groups[-1][-1].box[2] > CELL_GAP * high:
            groups.append([])
        groups[-1].append(word)
    cells = [
        Cell(_spaced(group, high), float(group[0].box[0]), float(group[-1].box[2]))
        for group in groups
    ]
    return Line(cells, float(top), float(bottom), high)


def _spaced(words: list[_Word], high: float) -> str:
    """The words with spaces; between Korean ones only where the picture has a gap."""
    text = words[0].text
    for before, word in pairwise(words):
        close = word.box[0] - before.box[2] < WORD_GAP * high
        korean = is_hangul(before.text[-1]) and is_hangul(word.text[0])
        text += word.text if korean and close else f" {word.text}"
    return text
