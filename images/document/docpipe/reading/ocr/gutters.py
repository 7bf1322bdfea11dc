"""Columns of a scanned page, seen in its picture: each is read on its own.

Tesseract finds columns itself where it looks for blocks. Korean pages are read as one column, for
its blocks lose lines there; lines of two columns would run on into each other.

1. A gutter is a strip without ink, in the middle of the page, over most of its height.
2. On both sides of it stands prose: most of its lines reach from the gutter to the edge. A table's
   columns do not.
3. What stands above and below the strip (a title, a foot) is read before and after.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the page."""

_MIDDLE: Final = (0.3, 0.7)
"""The part of the page's width in which a gutter may lie."""
_WIDE: Final = 0.012
"""The least width of a gutter, as a share of the page's."""
_HIGH: Final = 0.5
"""The least height of a gutter, as a share of that of the ink."""
_FILLED: Final = 0.65
"""How much of a column's width its middle line fills."""
_LEAST_LINES: Final = 5
_INKED: Final = 160
"""Shades below this one are ink."""


def columns_of(page: Image.Image) -> list[Box]:
    """The parts of a page in the order in which they are read; one where it has one column."""
    ink: NDArray[np.bool_] = np.asarray(page, dtype=np.uint8) < _INKED
    whole = [(0, 0, page.width, page.height)]
    rows = np.flatnonzero(ink.any(axis=1))
    if rows.size == 0:
        return whole
    best = _gutter(ink, int(rows[-1]) - int(rows[0]) + 1)
    if best is None:
        return whole
    x, top, bottom = best
    halves = [ink[top:bottom, :x], ink[top:bottom, x:]]
    if not all(map(_is_prose, halves)):
        return whole
    wide, high = page.size
    parts = [
        (0, 0, wide, top),
        (0, top, x, bottom),
        (x, top, wide, bottom),
        (0, bottom, wide, high),
    ]
    return [part for part in parts if ink[part[1] : part[3], part[0] : part[2]].any()]


def _gutter(ink: NDArray[np.bool_], high: int) -> tuple[int, int, int] | None:
    """The middle of the highest white strip, and its top and bottom."""
    wide = max(int(ink.shape[1] * _WIDE), 3)
    found: tuple[int, int, int] | None = None
    first, last = (int(ink.shape[1] * share) for share in _MIDDLE)
    for left in range(first, last - wide, max(wide // 3, 1)):
        crossed = np.flatnonzero(ink[:, left : left + wide].any(axis=1))
        edges = [0, *map(int, crossed), ink.shape[0]]
        top, bottom = max(pairwise(edges), key=lambda run: run[1] - run[0])
        inked = np.flatnonzero(ink[top:bottom].any(axis=1))
        reach = int(inked[-1] - inked[0]) if inked.size else 0
        if reach >= _HIGH * high and (found is None or bottom - top > found[2] - found[1]):
            found = (left + wide // 2, top + (top > 0), bottom)
    return found


def _is_prose(side: NDArray[np.bool_]) -> bool:
    """Whether most lines of a side fill its width."""
    columns = np.flatnonzero(side.any(axis=0))
    if columns.size == 0:
        return False
    wide = int(columns[-1] - columns[0]) + 1
    inked = np.concatenate(([0], side.any(axis=1).astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(inked) == 1), np.flatnonzero(np.diff(inked) == -1)
    reaches: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        across = np.flatnonzero(side[start:end].any(axis=0))
        reaches.append(int(across[-1] - across[0]) + 1)
    return len(reaches) >= _LEAST_LINES and float(np.median(reaches)) >= _FILLED * wide
