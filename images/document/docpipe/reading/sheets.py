"""XLSX by openpyxl, row by row: values as the spreadsheet shows them. Child only.

1. A value is what the program stored; a formula without one is shown itself.
2. Percent, leading zeros and dates are shown as the cell's format has them; other numbers plainly.
3. A hidden sheet is read, and says that it is hidden.
4. What is beyond the limits, or cannot be read, is noted.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import openpyxl

from docpipe import limits
from docpipe.text.tables import table

_BARE_FORMULA: Final = re.compile(rb"</f>\s*(?:</c>|<v\s*/>|<v></v>)")
_PERCENT: Final = re.compile(r"0?(?:\.(0+))?%")
_ZEROS: Final = re.compile(r"0{2,}")
_Cell = Any
"""A cell of openpyxl's: with `value` and, where it is not empty, `number_format`."""
_Row = tuple[_Cell, ...]


class Workbook:
    """The sheets of a workbook; `notes` say what was left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notes: list[str] = []

    def sheets(self) -> list[str]:
        """Every sheet as a table below its name; empty where nothing is in it."""
        formulas = self._rows_by_sheet(values=False) if _has_bare_formulas(self._path) else ()
        both = itertools.zip_longest(self._rows_by_sheet(values=True), formulas)
        return [
            self._sheet(name, rows, other[1] if other else None) for (name, rows), other in both
        ]

    def _rows_by_sheet(self, *, values: bool) -> Iterator[tuple[str, Iterable[_Row]]]:
        book = openpyxl.load_workbook(self._path, read_only=True, data_only=values)
        for sheet in book.worksheets:
            # One row and column more than are kept: to know whether there are more.
            rows = sheet.iter_rows(max_row=limits.MOST_ROWS + 1, max_col=limits.MOST_COLUMNS + 1)
            hidden = "" if sheet.sheet_state == "visible" else " (hidden sheet)"
            yield f"{sheet.title}{hidden}", cast("Iterable[_Row]", rows)
        book.close()

    def _sheet(self, name: str, rows: Iterable[_Row], formulas: Iterable[_Row] | None) -> str:
        shown: list[list[str]] = []
        try:
            for row, other in itertools.zip_longest(rows, formulas or (), fillvalue=()):
                shown.append([*map(_shown, row, itertools.chain(other, itertools.repeat(None)))])
        except (KeyError, ValueError, TypeError, AttributeError, IndexError):
            self.notes.append(f"sheet {name!r} is damaged after row {len(shown)}")
        # A sheet's name alone is no text: new workbooks have empty sheets.
        cells = table([row for row in self._within_limits(name, shown) if any(row)])
        return f"## {name}\n\n{cells}" if cells else ""

    def _within_limits(self, name: str, rows: list[list[str]]) -> list[list[str]]:
        if any(map(any, rows[limits.MOST_ROWS :])):
            self.notes.append(f"of sheet {name!r} only the first {limits.MOST_ROWS} rows were read")
        if any(any(row[limits.MOST_COLUMNS :]) for row in rows):
            columns = limits.MOST_COLUMNS
            self.notes.append(f"of sheet {name!r} only the first {columns} columns were read")
        return [row[: limits.MOST_COLUMNS] for row in rows[: limits.MOST_ROWS]]


def _shown(cell: _Cell, formula: _Cell) -> str:
    value, own = cell.value, getattr(formula, "value", None)
    if value is None and str(own).startswith("="):
        return str(own)
    return as_text(value, getattr(cell, "number_format", None) or "General")


def as_text(value: object, form: str = "General") -> str:
    """A value as a cell of this number format shows it."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, form.split(";", maxsplit=1)[0])
    return str(value)


def _number(value: float, form: str) -> str:
    if percent := _PERCENT.fullmatch(form):
        return f"{value:.{len(percent[1] or '')}%}"
    if _ZEROS.fullmatch(form) and value >= 0:
        return f"{value:0{len(form)}.0f}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _has_bare_formulas(path: Path) -> bool:
    """Programs that calculate store the result beside a formula; libraries store the formula."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as sheet:
                before = b""
                while step := sheet.read(1 << 20):
                    if _BARE_FORMULA.search(before + step):
                        return True
                    before = step[-64:]
    return False
