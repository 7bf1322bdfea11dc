"""Rows of words become lines of cells, with spaces where the picture has them.

Tesseract's Korean model puts spaces between syllables where there are none, and its boxes of words
are loose. Between Korean words the white between the letters themselves is therefore measured.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from docpipe.pages import Cell, Line
from docpipe.reading.ocr.recognition import Row, Word
from docpipe.text.scripts import is_hangul

WORD_GAP: Final = 0.26
"""The least white between Korean words, in heights of the line."""
BOX_GAP: Final = 0.38
"""The least gap between their boxes that is enough alone: a speck may lie in the white."""
CELL_GAP: Final = 1.6
"""The least gap between cells of a table, in heights of the line."""
INKED: Final = 200
"""Shades below this one are ink: the thin ends of strokes count too."""

Ink = NDArray[np.bool_]


def ink_of(page: Image.Image) -> Ink:
    """Where the page is not white."""
    return np.asarray(page, dtype=np.uint8) < INKED


def line(words: Row, ink: Ink) -> Line:
    """A row's words in cells."""
    top = min(word.box[1] for word in words)
    bottom = max(word.box[3] for word in words)
    high = float(np.median([word.box[3] - word.box[1] for word in words]))
    columns: Ink = np.asarray(ink[top:bottom].any(axis=0))
    groups: list[Row] = [[words[0]]]
    for word in words[1:]:
        if word.box[0] - groups[-1][-1].box[2] > CELL_GAP * high:
            groups.append([])
        groups[-1].append(word)
    cells = [
        Cell(_spaced(group, high, columns), float(group[0].box[0]), float(group[-1].box[2]))
        for group in groups
    ]
    return Line(cells, float(top), float(bottom), high)


def _spaced(words: Row, high: float, columns: Ink) -> str:
    text = words[0].text
    for before, word in pairwise(words):
        korean = is_hangul(before.text[-1]) and is_hangul(word.text[0])
        joined = korean and not _apart(before, word, high, columns)
        text += word.text if joined else f" {word.text}"
    return text


def _apart(before: Word, word: Word, high: float, columns: Ink) -> bool:
    if word.box[0] - before.box[2] >= BOX_GAP * high:
        return True
    return _white_between(before, word, high, columns) >= WORD_GAP * high


def _white_between(before: Word, word: Word, high: float, columns: Ink) -> int:
    """The widest run of columns without ink, from the end of one word to the begin of the next."""
    start = max((before.box[0] + before.box[2]) / 2, before.box[2] - high, 0)
    end = min((word.box[0] + word.box[2]) / 2, word.box[0] + high)
    inked = np.flatnonzero(columns[int(start) : max(int(end), int(start) + 1)])
    return int(np.diff(inked).max()) - 1 if inked.size > 1 else 0
