"""The text lines of a page: letters with places become lines, and a line's words become cells.

A wide gap between two words begins a new cell: what stands in columns stays apart. Parts of one
line that a PDF draws one after the other, as table cells often are, come together again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from docpipe.pages import Cell, Line

CELL_GAP: Final = 1.2
"""The least gap between two cells, in sizes of the type."""
SPACE_GAP: Final = 0.3
"""The least gap that is a space, where the PDF has none."""
_SYMBOLS: Final = ("\uf000", "\uf0ff")
"""Where the letters of symbol fonts lie that say nothing else of themselves: mostly bullets."""
_LINE_ENDS: Final = "\r\n\f\x02\ufffe\uffff"


class Letter(NamedTuple):
    """A letter and its box, in points from the page's upper left corner."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool


def lines_of(letters: Iterable[Letter]) -> list[Line]:
    """Lines in the order in which the letters come."""
    return _joined([line for group in _groups(letters) if (line := _line(group)) is not None])


def _groups(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    group: list[Letter] = []
    for letter in letters:
        if group and not letter.text.isspace() and _is_elsewhere(letter, group):
            yield group
            group = []
        if letter.text in _LINE_ENDS:
            # PDFium's mark for a word that is parted at the line's end.
            if letter.text in "\x02\ufffe" and group:
                group.append(letter._replace(text="-"))
            yield group
            group = []
        elif _SYMBOLS[0] <= letter.text <= _SYMBOLS[1] and not any(
            before.text.strip() for before in group
        ):
            group.append(letter._replace(text="•"))
        elif letter.text == " " or unicodedata.category(letter.text)[0] != "C":
            group.append(letter)
    yield group


def _is_elsewhere(letter: Letter, group: list[Letter]) -> bool:
    """Whether a letter stands far above or below the last one, though PDFium ends no line there."""
    before = next((earlier for earlier in reversed(group) if not earlier.text.isspace()), None)
    if before is None or letter.text in _LINE_ENDS:
        return False
    apart = max(letter.top, before.top) - min(letter.bottom, before.bottom)
    return apart > max(letter.bottom - letter.top, before.bottom - before.top, before.size)


def _line(group: list[Letter]) -> Line | None:
    inked = [letter for letter in group if not letter.text.isspace()]
    if not inked:
        return None
    size = max(letter.size for letter in inked)
    if size <= 1.5:  # the font's own unit; its scale is in the text's matrix
        size = max(letter.bottom - letter.top for letter in inked) * 1.3
    cells: list[list[Letter]] = [[]]
    for letter in group:
        if letter.text.isspace():
            if cells[-1]:
                cells[-1].append(letter._replace(text=" "))
            continue
        before = next((earlier for earlier in reversed(cells[-1]) if earlier.text != " "), None)
        gap = letter.left - before.right if before is not None else 0.0
        if gap > CELL_GAP * size:
            cells.append([])
        elif gap > SPACE_GAP * size and cells[-1][-1].text != " ":
            cells[-1].append(letter._replace(text=" "))  # set apart, and without a space
        cells[-1].append(letter)
    bold = sum(letter.bold for letter in inked) * 2 > len(inked)
    return Line(
        [_cell(cell) for cell in cells if cell],
        round(min(letter.top for letter in inked), 1),
        round(max(letter.bottom for letter in inked), 1),
        round(size, 1),
        bold,
    )


def _cell(letters: list[Letter]) -> Cell:
    inked = [letter for letter in letters if letter.text != " "]
    text = " ".join("".join(letter.text for letter in letters).split())
    # NFC, and not NFKC: ligatures are taken apart by hand, fractions and units stay.
    text = unicodedata.normalize("NFC", text)
    for ligature, parts in (
        ("\ufb00", "ff"),
        ("\ufb01", "fi"),
        ("\ufb02", "fl"),
        ("\ufb03", "ffi"),
    ):
        text = text.replace(ligature, parts)
    return Cell(text, round(inked[0].left, 1), round(max(letter.right for letter in inked), 1))


def _joined(lines: list[Line]) -> list[Line]:
    """Neighbours on the same height that do not overlap are one line."""
    joined: list[Line] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last is not None and _beside(last, line):
            near = line.cells[0].left - last.cells[-1].right < CELL_GAP * min(last.size, line.size)
            joined[-1] = _merged(last, line, near=near)
        else:
            joined.append(line)
    return joined


def _beside(a: Line, b: Line) -> bool:
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    lowest = min(a.bottom - a.top, b.bottom - b.top)
    return shared > 0.5 * lowest and b.cells[0].left >= a.cells[-1].right - 0.5


def _merged(a: Line, b: Line, *, near: bool) -> Line:
    cells = [*a.cells, *b.cells]
    if near:
        left, right = a.cells[-1], b.cells[0]
        middle = Cell(f"{left.text} {right.text}", left.left, right.right)
        cells = [*a.cells[:-1], middle, *b.cells[1:]]
    return Line(
        cells, min(a.top, b.top), max(a.bottom, b.bottom), max(a.size, b.size), a.bold and b.bold
    )
