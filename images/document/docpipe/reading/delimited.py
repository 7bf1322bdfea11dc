"""Plain text in columns: a table whose cells are parted by commas, semicolons, tabs or bars.

Its lines say what it is, not its name: every row has as many cells, and no cell is a paragraph.
"""

from __future__ import annotations

import csv
from typing import Final

from docpipe import limits

_DELIMITERS: Final = "\t;,|"
_LEAST_ROWS: Final = 3
_LONGEST_CELL: Final = 200
"""Characters; prose with a comma a line has longer ones before long."""


def rows_of(text: str) -> list[list[str]]:
    """The cells of a text in columns; empty where it is none."""
    for delimiter in _DELIMITERS:
        if text.count(delimiter) < _LEAST_ROWS:
            continue
        try:
            rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if _is_table(rows, delimiter):
            return rows
    return []


def _is_table(rows: list[list[str]], delimiter: str) -> bool:
    wide = len(rows[0]) if rows else 0
    if len(rows) < _LEAST_ROWS or wide < 2 or any(len(row) != wide for row in rows):
        return False
    cells = [cell for row in rows for cell in row]
    if max(map(len, cells)) > _LONGEST_CELL:
        return False
    # A comma is followed by a space in prose, and hardly ever in a table.
    return delimiter != "," or sum(cell.startswith(" ") for cell in cells) * 4 < len(cells)


def within_limits(rows: list[list[str]]) -> tuple[list[list[str]], str]:
    """The rows that are kept, and a note where there are more."""
    if len(rows) <= limits.MOST_ROWS:
        return rows, ""
    return rows[: limits.MOST_ROWS], f"only the first {limits.MOST_ROWS} rows were read"
