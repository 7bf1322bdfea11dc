"""Tables as `kubectl get` prints them: no frame, columns aligned, nothing cut.

A cell carries a tone beside its text; the terminal may colour it, and the text alone says all.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from stagework.overview.states import Tone

_GAP = "   "


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table."""

    text: str
    tone: Tone = "plain"


Line = tuple[Cell, ...]
"""Cells that, joined without anything between them, make one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """Titles and rows; every row has as many cells as there are titles."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def lines(self) -> list[Line]:
        """The table as lines of padded cells, the titles first."""
        return aligned([tuple(Cell(title) for title in self.titles), *self.rows])


def aligned(rows: Sequence[tuple[Cell, ...]]) -> list[Line]:
    """Rows padded so that columns stand below each other; the last column stays as it is."""
    if not rows:
        return []
    columns = max(len(row) for row in rows)
    widths = [
        max((width(row[index].text) for row in rows if index < len(row)), default=0)
        for index in range(columns)
    ]
    return [tuple(_padded(row, widths)) for row in rows]


def text(line: Line) -> str:
    """A line without its tones and without blanks at its end."""
    return "".join(cell.text for cell in line).rstrip()


def width(shown: str) -> int:
    """Columns that a text takes in a terminal: Korean letters take two, joining marks none."""
    total = 0
    for letter in shown:
        if unicodedata.combining(letter):
            continue
        total += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
    return total


def one_line(shown: str) -> str:
    """A text from elsewhere made safe for a terminal: control characters become blanks."""
    cleaned = "".join(
        " " if unicodedata.category(letter).startswith("C") else letter for letter in shown
    )
    return " ".join(cleaned.split())


def _padded(row: tuple[Cell, ...], widths: list[int]) -> list[Cell]:
    padded: list[Cell] = []
    for index, cell in enumerate(row):
        last = index == len(row) - 1
        blanks = "" if last else " " * (widths[index] - width(cell.text)) + _GAP
        padded.append(Cell(cell.text + blanks, cell.tone))
    return padded
