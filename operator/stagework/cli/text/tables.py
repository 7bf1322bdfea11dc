"""Tables as `kubectl get` prints them: no frame, columns aligned, nothing cut.

A cell carries a tone beside its text; the terminal may colour it, and the text alone says all.
Texts, their styles and their width are rich's; its own Table measures much more than we need, and a
list of ten thousand runs would wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from stagework.api import text
from stagework.overview.states import Tone

STYLES: Final[dict[Tone, str]] = {
    "plain": "",
    "good": "green",
    "busy": "cyan",
    "wait": "yellow",
    "bad": "red",
}
"""The colour of each tone; the word beside it says the same."""
_GAP = 3
_UTF8_BYTES = 4
"""Most bytes of one letter."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table, or one part of a line."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Titles and rows; every row has as many cells as there are titles."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def lines(self) -> list[Text]:
        """The titles, then the rows; columns stand below each other."""
        rows = [tuple(Cell(title) for title in self.titles), *self.rows]
        widths = [max(cell_len(cell.text) for cell in column) for column in zip(*rows, strict=True)]
        return [_aligned(row, widths) for row in rows]


def line(*cells: Cell) -> Text:
    """The cells without anything between them, and without blanks at the end."""
    shown = Text.assemble(*((cell.text, STYLES[cell.tone]) for cell in cells))
    shown.rstrip()
    return shown


def one_line(shown: str) -> str:
    """A text from elsewhere made safe for a terminal: control characters become blanks."""
    return text.one_line(shown, _UTF8_BYTES * len(shown))


def _aligned(row: Sequence[Cell], widths: Sequence[int]) -> Text:
    padded = (
        Cell(cell.text + " " * (width - cell_len(cell.text) + _GAP), cell.tone)
        for cell, width in zip(row, widths, strict=True)
    )
    return line(*padded)
