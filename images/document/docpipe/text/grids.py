"""Tables on a page: their columns are where cells stand over all rows, not how many a line has.

1. Lines of two or more cells begin a table; lines of one cell go on with it where they stand below
   its columns and close to it, and another line of several cells follows.
2. A column is where cells overlap sideways. A cell that lies over several is merged: it stands in
   the first of them.
3. A line that only goes on with cells of the row above (closer to it than rows are to one another,
   or in the middle of a sentence) is part of that row.
4. A column filled in one row only, beside a column that is empty there, is the same column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from docpipe.pages import Cell, Line

_FARTHEST: Final = 2.6
"""The widest gap between two lines of a table, in sizes of the type."""
_LONGEST: Final = 90
"""Characters of a line of one cell within a table; longer ones are text around it."""
_TOUCH: Final = 1.0
"""Points that cells share sideways where they stand below each other."""
_LEADER: Final = re.compile(r"^(.*\w.*?)[\s.…·‥∙_]{5,}\s*(\d{1,4}|[ivxlcIVXLC]{1,7})$")

Columns = list[tuple[float, float]]


def table_at(lines: Sequence[Line], n: int) -> tuple[int, list[list[str]]]:
    """How many lines from here on are one table, and its rows; 0 where there is none."""
    contents = _contents_at(lines, n)
    if contents:
        return len(contents), contents
    end = _end(lines, n)
    part = lines[n:end]
    if sum(len(line.cells) > 1 for line in part) < 2:
        return 0, []
    columns = _columns(part)
    if len(columns) < 2 or not _stands_in_columns(part, columns):
        return 0, []
    rows = _rows(part, columns)
    return (end - n, _without_doubles(rows)) if len(rows) > 1 else (0, [])


def _contents_at(lines: Sequence[Line], n: int) -> list[list[str]]:
    """Entries of a table of contents, without the dots that lead to their page numbers."""
    entries: list[list[str]] = []
    for line in lines[n:]:
        entry = _LEADER.match(line.text)
        if entry is None or not re.search(r"[.…·‥∙_]", line.text[entry.end(1) :]):
            break
        entries.append([entry[1].strip(), entry[2]])
    return entries


def _end(lines: Sequence[Line], n: int) -> int:
    """The line after the last one of the table that begins here, if one does."""
    if len(lines[n].cells) < 2:
        return n
    last, end = n + 1, n + 1
    left, right = lines[n].cells[0].left, lines[n].cells[-1].right
    while end < len(lines) and _goes_on(lines[end - 1], lines[end]):
        line = lines[end]
        if len(line.cells) > 1:
            left, right = min(left, line.cells[0].left), max(right, line.cells[-1].right)
            last = end + 1
        elif not _fits(line, left, right):
            break
        elif line.cells[0].left > left + line.size:
            last = end + 1  # below another column than the first: part of a row, whatever follows
        end += 1
    return last


def _goes_on(before: Line, line: Line) -> bool:
    gap = line.top - before.bottom
    return -line.size < gap < _FARTHEST * max(line.size, before.size)


def _fits(line: Line, left: float, right: float) -> bool:
    """A line of one cell that may belong to a table from `left` to `right`."""
    cell = line.cells[0]
    inside = cell.left > left - line.size and cell.right < right + line.size
    return inside and len(cell.text) <= _LONGEST and cell.text[-1] not in ".!?"


def _columns(lines: Sequence[Line]) -> Columns:
    """From the narrowest cell to the widest: one that lies over several columns widens none."""
    columns: Columns = []
    cells = [cell for line in lines for cell in line.cells if len(line.cells) > 1]
    for cell in sorted(cells, key=lambda cell: cell.right - cell.left):
        below = [column for column in columns if _over(cell, column)]
        if len(below) > 1:
            continue
        if below:
            columns.remove(below[0])
        old = below[0] if below else (cell.left, cell.right)
        columns.append((min(old[0], cell.left), max(old[1], cell.right)))
    return sorted(columns)


def _over(cell: Cell, column: tuple[float, float]) -> bool:
    return min(cell.right, column[1]) - max(cell.left, column[0]) > _TOUCH


def _stands_in_columns(lines: Sequence[Line], columns: Columns) -> bool:
    """Whether most cells stand in one column: in text with wide gaps they do not."""
    cells = [cell for line in lines for cell in line.cells]
    over = sum(sum(_over(cell, column) for column in columns) <= 1 for cell in cells)
    filled = [sum(_over(cell, column) for cell in cells) for column in columns]
    return over * 10 >= len(cells) * 7 and sum(count > 1 for count in filled) >= 2


def _placed(line: Line, columns: Columns) -> list[str]:
    """The line's cells, each in the first column that it lies over or is closest to."""
    row = [""] * len(columns)
    for cell in line.cells:
        over = [n for n, column in enumerate(columns) if _over(cell, column)]
        closest = min(
            range(len(columns)),
            key=lambda n, cell=cell: abs(columns[n][0] + columns[n][1] - cell.left - cell.right),
        )
        at = over[0] if over else closest
        row[at] = f"{row[at]} {cell.text}".strip()
    return row


def _rows(lines: Sequence[Line], columns: Columns) -> list[list[str]]:
    gaps = [b.top - a.bottom for a, b in pairwise(lines)]
    usual = median(gaps) if gaps else 0.0
    rows: list[list[str]] = []
    for line, gap in zip(lines, [usual, *gaps], strict=True):
        row = _placed(line, columns)
        if rows and _is_rest(row, rows[-1], gap, usual, line.size):
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], row, strict=True)]
        else:
            rows.append(row)
    return rows


def _is_rest(row: list[str], above: list[str], gap: float, usual: float, size: float) -> bool:
    """Whether a line is the rest of the row above: its cells go on with cells that are there."""
    if row[0] or any(cell and not before for cell, before in zip(row, above, strict=True)):
        # The first cell of a row may wrap too, but then it does so alone.
        alone = row[0] and not any(row[1:]) and len(row[0]) < _LONGEST
        return bool(alone and above[0] and gap < usual - 0.25 * size)
    if gap < usual - 0.25 * size:
        return True
    filled = [(cell, before) for cell, before in zip(row, above, strict=True) if cell]
    return all(cell[0].islower() or before[-1] in ",-(" for cell, before in filled)


def _without_doubles(rows: list[list[str]]) -> list[list[str]]:
    """Neighbouring columns that are never filled in one row, one of them only once, become one."""
    column = 0
    while column + 1 < len(rows[0]):
        pairs = [(row[column], row[column + 1]) for row in rows]
        both = any(a and b for a, b in pairs)
        least = min(sum(bool(a) for a, _ in pairs), sum(bool(b) for _, b in pairs))
        if not both and least <= 1 and len(rows[0]) > 2:
            rows = [
                [*row[:column], row[column] or row[column + 1], *row[column + 2 :]] for row in rows
            ]
        else:
            column += 1
    return rows
