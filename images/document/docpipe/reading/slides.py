"""PPTX by python-pptx: a slide as Markdown, shape by shape. Child only.

A shape that the library cannot read leaves a note, and costs no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pptx

from docpipe.reading.illustrations import Illustrations
from docpipe.text.tables import table

T = TypeVar("T")
_Part = Any
"""python-pptx tells few types of what it gives."""
_DEEPEST: Final = 20
"""Groups within groups that are followed."""


class Deck:
    """The slides of a presentation; `notes` say what could not be read."""

    def __init__(self, path: Path, pictures: Illustrations) -> None:
        self._made = pptx.Presentation(str(path))
        self._pictures = pictures
        self.notes: list[str] = []

    def slides(self) -> list[str]:
        """Each slide in the order in which they are shown."""
        return [
            "\n\n".join(filter(None, self._blocks(slide, number)))
            for number, slide in enumerate(self._made.slides, start=1)
        ]

    def _blocks(self, slide: _Part, number: int) -> Iterator[str]:
        title = self._tried(lambda: slide.shapes.title, number, None)
        for shape in self._in_order(slide.shapes, number):
            yield from self._tried(lambda of=shape: [*self._shape(of, title)], number, [])
        spoken = self._tried(lambda: _spoken(slide), number, "")
        if spoken:
            yield f"### Notes:\n\n{spoken}"

    def _tried(self, work: Callable[[], T], number: int, otherwise: T) -> T:
        try:
            return work()
        except Exception:  # noqa: BLE001  (the library raises whatever it likes at odd shapes)
            note = f"a part of slide {number} cannot be read and was left out"
            if note not in self.notes:
                self.notes.append(note)
            return otherwise

    def _in_order(self, shapes: Iterable[_Part], number: int, depth: int = 0) -> list[_Part]:
        """Shapes as they are read, from the top and from the left; groups are opened."""
        found: list[_Part] = []
        for shape in sorted(shapes, key=lambda shape: (shape.top or -1, shape.left or -1)):
            inner = getattr(shape, "shapes", None)
            if inner is None:
                found.append(shape)
            elif depth < _DEEPEST:
                within = self._tried(lambda of=inner: [*of], number, [])
                found += self._in_order(within, number, depth + 1)
        return found

    def _shape(self, shape: _Part, title: _Part) -> Iterator[str]:
        if shape.has_text_frame:
            text = shape.text_frame.text
            is_title = title is not None and shape.shape_id == title.shape_id
            yield f"# {' '.join(text.split())}" if is_title and text.strip() else _paragraphs(text)
        if getattr(shape, "has_table", False):
            rows = shape.table.rows
            yield table([[cell.text for cell in row.cells] for row in rows])
        if getattr(shape, "has_chart", False):
            yield table(figures(shape.chart))
        if shape._element.tag.endswith("}pic"):  # noqa: SLF001  (other shapes have no picture)
            yield self._picture(shape)

    def _picture(self, shape: _Part) -> str:
        described = shape._element.nvPicPr.cNvPr.get("descr") or ""  # noqa: SLF001
        try:
            words = self._pictures.words_in(shape.image.blob)
        except (ValueError, KeyError, AttributeError):
            words = self._pictures.leave_out("it is only linked")
        said = ": ".join(filter(None, (" ".join(described.split()), words)))
        return f"[picture: {said}]" if said else ""


def _paragraphs(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.replace("\v", "\n").split("\n"))
    return "\n\n".join(filter(None, lines))


def _spoken(slide: _Part) -> str:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return _paragraphs(frame.text) if frame is not None else ""


def figures(chart: _Part) -> list[list[str]]:
    """A chart's numbers, a row a category."""
    plot = chart.plots[0]
    series = [*plot.series]
    head = ["", *(str(one.name) for one in series)]
    rows = zip(map(str, plot.categories), *(one.values for one in series), strict=False)
    return [
        head,
        *([name, *("" if n is None else f"{n:g}" for n in values)] for name, *values in rows),
    ]
