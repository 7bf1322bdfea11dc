"""A picture of a page becomes rows of words, by Tesseract. In the child process only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import tesseract
import tesserocr
from PIL import Image

LEAST_CONFIDENCE: Final = 0.3
"""Words that Tesseract itself believes less are stains, not words."""
BLOCKS: Final = tesserocr.PSM.AUTO
"""Tesseract looks for blocks and columns itself."""
COLUMN: Final = tesserocr.PSM.SINGLE_COLUMN
"""The page is one column."""
_DOTS: Final = 300


class Word(msgspec.Struct, frozen=True):
    """A word, its box (left, top, right, bottom) in pixels, and a confidence from 0 to 1."""

    text: str
    box: tuple[int, int, int, int]
    confidence: float


Row = list[Word]


def rows(page: Image.Image, languages: str, blocks: tesserocr.PSM) -> list[Row]:
    """The page's lines of text in the order in which they are read; none is empty."""
    level = tesserocr.RIL.WORD
    rows_read: list[Row] = [[]]
    with tesseract.opened(languages, blocks) as api:
        for part in tesseract.recognized(api, page, level, _DOTS):
            text = tesseract.text_of(part, level)
            if text is None:
                continue
            if part.IsAtBeginningOf(tesserocr.RIL.TEXTLINE):
                rows_read.append([])
            box = part.BoundingBox(level)
            certainty = float(part.Confidence(level)) / 100
            if text and box is not None and certainty >= LEAST_CONFIDENCE:
                rows_read[-1].append(Word(text, box, certainty))
    return [row for row in rows_read if row]


def moved(word: Word, right: int, down: int) -> Word:
    """A word of a part of the page, in pixels of the whole."""
    left, top, end, bottom = word.box
    box = (left + right, top + down, end + right, bottom + down)
    return Word(word.text, box, word.confidence)


def confidence(rows_read: Iterable[Row]) -> float:
    """The mean over all letters; 0 where there are none."""
    return tesseract.mean_confidence([word for row in rows_read for word in row])
