"""In which order the lines of a page are read: by their places, not as the file draws them.

1. What stands on one height is one line, whatever was drawn between.
2. A gutter is a strip of white with prose on both sides. Between two lines that cross it (a title,
   a heading over all columns) the left side is read first, then the right one; each side may have
   gutters of its own.
3. Everything else is read from the top. Cells of a table are no prose: they stay in their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median
from typing import Final

from docpipe.pages import Cell, Line
from docpipe.text.scripts import is_hangul

_LEAST_LINES: Final = 3
"""Lines on each side of a gutter."""
_GUTTER: Final = 0.9
"""The least width of a gutter, in sizes of the type."""
_CROSSED: Final = 0.4
"""The most lines that may cross a gutter, as a share of all."""
_FILLED: Final = 0.55
"""How much of a column's width its middle line fills: prose does, cells of a table do not."""
_LETTERS: Final = 18
"""Letters of a column's middle line; Korean and Chinese say as much in half of them."""
_APART: Final = 1.2
"""The least gap between two cells of a line, in sizes of the type."""
_DEEPEST: Final = 3


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page as they are read."""
    parts = [
        Line([cell], line.top, line.bottom, line.size, line.bold)
        for line in lines
        for cell in line.cells
    ]
    return _ordered(parts, _DEEPEST)


def _ordered(parts: list[Line], depth: int) -> list[Line]:
    gutter = _gutter(parts) if depth and len(parts) >= 2 * _LEAST_LINES else None
    if gutter is None:
        return _rows(parts)
    ordered: list[Line] = []
    for crosses, band in _bands(parts, gutter):
        if crosses:
            ordered += _rows(band)
            continue
        for side in (False, True):
            ordered += _ordered(
                [part for part in band if (_left(part) > gutter) is side], depth - 1
            )
    return ordered


def _bands(parts: list[Line], gutter: float) -> list[tuple[bool, list[Line]]]:
    """From the top: what crosses the gutter, and what stands beside it until something crosses."""
    by_height = sorted(parts, key=lambda part: part.top + part.bottom)
    grouped = groupby(by_height, key=lambda part: _crosses(part, gutter))
    return [(crosses, [*band]) for crosses, band in grouped]


def _crosses(part: Line, gutter: float) -> bool:
    return _left(part) < gutter < _right(part)


def _left(part: Line) -> float:
    return part.cells[0].left


def _right(part: Line) -> float:
    return part.cells[-1].right


def _gutter(parts: list[Line]) -> float | None:
    """The middle of the gutter that the fewest lines cross, the widest of these; None for none."""
    size = median(part.size for part in parts)
    found: list[tuple[int, float, float]] = []
    ends = sorted({_right(part) for part in parts})
    for end in ends:
        right = [part for part in parts if _left(part) > end + 0.5]
        if len(right) < _LEAST_LINES:
            break
        start = min(_left(part) for part in right)
        middle = (end + start) / 2
        left = [part for part in parts if _right(part) < middle]
        crossed = len(parts) - len(left) - len(right)
        if start - end < _GUTTER * size or crossed > _CROSSED * len(parts):
            continue
        if _is_prose(left) and _is_prose(right) and _side_by_side(left, right):
            found.append((-crossed, start - end, middle))
    return max(found)[2] if found else None


def _is_prose(side: list[Line]) -> bool:
    if len(side) < _LEAST_LINES:
        return False
    wide = max(map(_right, side)) - min(map(_left, side))
    filled = median(_right(part) - _left(part) for part in side)
    return filled >= _FILLED * wide and median(_weight(part.text) for part in side) >= _LETTERS


def _weight(text: str) -> int:
    return sum(2 if is_hangul(c) or "\u3040" <= c <= "\u9fff" else 1 for c in text if c.isalpha())


def _side_by_side(left: list[Line], right: list[Line]) -> bool:
    """Whether both sides share most of the lower one's height."""
    top = max(min(p.top for p in left), min(p.top for p in right))
    bottom = min(max(p.bottom for p in left), max(p.bottom for p in right))
    least = min(max(p.bottom for p in side) - min(p.top for p in side) for side in (left, right))
    return bottom - top > 0.5 * least


def _rows(parts: list[Line]) -> list[Line]:
    """From the top; parts on one height become one line."""
    rows: list[list[Line]] = []
    for part in sorted(parts, key=lambda part: (part.top + part.bottom, _left(part))):
        row = next((row for row in reversed(rows[-3:]) if _level(row, part)), None)
        if row is None:
            rows.append([part])
        else:
            row.append(part)
    return [_line(row) for row in rows]


def _level(row: list[Line], part: Line) -> bool:
    """Whether a part stands on the row's height, and beside all that stands there."""
    top, bottom = min(p.top for p in row), max(p.bottom for p in row)
    shared = min(bottom, part.bottom) - max(top, part.top)
    if shared <= 0.5 * min(bottom - top, part.bottom - part.top):
        return False
    return all(_left(part) >= _right(p) - 0.5 or _right(part) <= _left(p) + 0.5 for p in row)


def _line(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    size = min(part.size for part in row)
    cells: list[Cell] = []
    for part in sorted(row, key=_left):
        cell = part.cells[0]
        if cells and cell.left - cells[-1].right < _APART * size:
            before = cells.pop()
            cell = Cell(f"{before.text} {cell.text}", before.left, max(before.right, cell.right))
        cells.append(cell)
    return Line(
        cells,
        min(part.top for part in row),
        max(part.bottom for part in row),
        max(part.size for part in row),
        all(part.bold for part in row),
    )
