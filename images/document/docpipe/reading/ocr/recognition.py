"""Tesseract as a library: a picture of a page becomes rows of words. In the child process only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec
import tesserocr
from PIL import Image

TESSDATA: Final = Path("/usr/share/tesseract-ocr/5/tessdata")
"""Where Debian's language data are; the variable TESSDATA_PREFIX names another folder."""
LEAST_CONFIDENCE: Final = 0.3
"""Words that Tesseract itself believes less are stains, not words."""
BLOCKS: Final = tesserocr.PSM.AUTO
"""Tesseract looks for blocks and columns itself."""
COLUMN: Final = tesserocr.PSM.SINGLE_COLUMN
"""The page is one column."""


class Word(msgspec.Struct, frozen=True):
    """A word, its box (left, top, right, bottom) in pixels, and a confidence from 0 to 1."""

    text: str
    box: tuple[int, int, int, int]
    confidence: float


Row = list[Word]


class _Step(Protocol):
    """What is used of tesserocr's iterator, whose own types say little."""

    def GetUTF8Text(self, level: int) -> str: ...  # noqa: N802

    def BoundingBox(self, level: int) -> tuple[int, int, int, int] | None: ...  # noqa: N802

    def Confidence(self, level: int) -> float: ...  # noqa: N802

    def IsAtBeginningOf(self, level: int) -> bool: ...  # noqa: N802


def rows(page: Image.Image, languages: str, blocks: tesserocr.PSM) -> list[Row]:
    """The page's lines of text in the order in which they are read; none is empty."""
    data = os.environ.get("TESSDATA_PREFIX", str(TESSDATA))
    with tesserocr.PyTessBaseAPI(path=data, lang=languages, psm=blocks) as api:
        api.SetImage(page)  # pyright: ignore[reportUnknownMemberType]
        api.SetSourceResolution(300)
        api.Recognize()
        steps = cast(
            "Iterable[_Step]",
            tesserocr.iterate_level(api.GetIterator(), tesserocr.RIL.WORD),  # pyright: ignore[reportUnknownMemberType]
        )
        return _rows(steps)


def _rows(steps: Iterable[_Step]) -> list[Row]:
    rows_read: list[Row] = [[]]
    level = tesserocr.RIL.WORD
    for step in steps:
        try:
            text = step.GetUTF8Text(level).strip()
        except RuntimeError:  # "No text returned": how tesserocr says that there is nothing
            continue
        if step.IsAtBeginningOf(tesserocr.RIL.TEXTLINE):
            rows_read.append([])
        box = step.BoundingBox(level)
        certainty = float(step.Confidence(level)) / 100
        if text and box is not None and certainty >= LEAST_CONFIDENCE:
            rows_read[-1].append(Word(text, box, certainty))
    return [row for row in rows_read if row]


def confidence(rows_read: Iterable[Row]) -> float:
    """The mean over all letters; 0 where there are none."""
    words = [word for row in rows_read for word in row]
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0
