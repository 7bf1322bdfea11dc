"""PDF by PDFium: letters and their places, page pictures. Runs in the child process only.

A page is read by its own letters, and by what was written onto it (`written`). Where a picture
covers it, it is a scan if its letters are few (a fax's header, a stamp), invisible (a program's
reading laid over it), or no language's: then it is drawn at 300 dots an inch and read by Tesseract,
and of what stands in the PDF's own visible letters these are kept.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol, cast

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

import stagekit
from docpipe import limits
from docpipe.pages import Answer, Failure, Line, Opened, Page, Picture, Task
from docpipe.reading import charsets, written
from docpipe.reading.errors import failure
from docpipe.reading.frame import frame_of
from docpipe.reading.ocr import scans
from docpipe.reading.text_lines import Letter, lines_of
from docpipe.text import plausibility

SCAN_DOTS: Final = 300
FEW_LETTERS: Final = 25
"""A page with fewer letters than this, and a picture, is taken for a scan."""
LITTLE_TEXT: Final = 300
"""A page with fewer letters than this, and covered by a picture, is taken for a scan."""
COVERED: Final = 0.6
"""The share of a page from which on a picture covers it."""
TRUSTED: Final = 0.8
"""Below this confidence another program's reading, where there is one, is believed instead."""
_POINTS: Final = 72
_WIDEST_POINTS: Final = 14_400
"""Of a page: 200 inches, the format's own limit."""


class _Bitmap(Protocol):
    """What is used of PDFium's bitmap; its binding tells no types of it."""

    def to_pil(self) -> Image.Image: ...


def _opened(path: Path) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise stagekit.Refused(
                "Encrypted", "the PDF asks for a password: save it without one, then upload it"
            ) from error
        raise stagekit.Refused(
            "BrokenDocument",
            "the PDF is truncated or damaged: save it again, upload the whole file",
        ) from error
    document.init_forms()  # pyright: ignore[reportUnknownMemberType]
    if len(document) == 0:
        raise stagekit.Refused("NoPages", "the PDF has no pages: save it again")
    return document


def _described(document: pdfium.PdfDocument) -> Opened:
    about = document.get_metadata_dict(skip_empty=True)
    return Opened("pdf", len(document), about.get("Title", ""), about.get("Author", ""))


def read(task: Task, path: Path) -> Iterator[Answer]:
    """Each page's lines."""
    document = _opened(path)
    yield _described(document)
    for number in task.page_numbers(len(document)):
        try:
            yield _page(document, number, task.languages)
        except pdfium.PdfiumError:
            yield _broken_page(number)
        except (stagekit.Refused, stagekit.Skip, MemoryError, ValueError) as error:
            yield failure(number, error)


def _broken_page(number: int) -> Failure:
    """A page that PDFium cannot open: it says no more than that."""
    return Failure(
        number, "BrokenPage", "the page is damaged, or the PDF's list of pages names itself"
    )


def _page(document: pdfium.PdfDocument, number: int, languages: str) -> Page:
    began = time.monotonic()
    notes = written.written_on(document, document[number - 1])
    page = written.with_annotations(document, number)
    width, height = page.get_size()
    lines = lines_of(_letters(page))
    lines += written.missing(notes, lines, frame_of(page))
    if _is_scan(page, lines):
        reading = scans.read_page(_drawn(page, SCAN_DOTS / _POINTS), languages)
        read, note = scans.sure_lines(reading)
        scale = width / max(reading.width, 1.0)
        read = [scans.scaled(line, scale) for line in read]
        invisible = _is_invisible(page)
        own = [] if invisible or not plausibility.is_language(_text(lines)) else lines
        if len(_text(read)) > len(_text(own)) or note:
            if (
                invisible
                and reading.confidence < TRUSTED
                and plausibility.is_language(_text(lines))
            ):
                read, note = lines, ""
            return Page(
                number, "ocr", width, height, _joined(own, read),
                confidence=reading.confidence, languages=reading.languages,
                seconds=round(time.monotonic() - began, 3), note=note,
            )  # fmt: skip
    seconds = round(time.monotonic() - began, 3)
    return Page(number, "text", width, height, lines, seconds=seconds)


def _text(lines: Iterable[Line]) -> str:
    return " ".join(line.text for line in lines)


def _joined(own: list[Line], read: list[Line]) -> list[Line]:
    """The PDF's own lines, and of those that were read what does not lie upon them."""
    return [*own, *(line for line in read if not any(_upon(line, other) for other in own))]


def _upon(line: Line, other: Line) -> bool:
    high = min(line.bottom, other.bottom) - max(line.top, other.top)
    wide = min(line.cells[-1].right, other.cells[-1].right) - max(
        line.cells[0].left, other.cells[0].left
    )
    return high > 0.5 * (line.bottom - line.top) and wide > 0.5 * (
        line.cells[-1].right - line.cells[0].left
    )


def _is_scan(page: pdfium.PdfPage, lines: list[Line]) -> bool:
    """Whether the page's words are in its picture, and not in its letters."""
    text = _text(lines)
    letters = sum(not c.isspace() for c in text)
    covered = _covered(page)
    if letters < FEW_LETTERS:
        return covered > 0
    if covered < COVERED:
        return False
    return letters < LITTLE_TEXT or _is_invisible(page) or not plausibility.is_language(text)


def _objects(page: pdfium.PdfPage, kind: int) -> Iterator[pdfium.PdfObject]:
    objects = cast("Callable[..., Iterator[pdfium.PdfObject]]", page.get_objects)  # pyright: ignore[reportUnknownMemberType]
    return objects(filter=(kind,), max_depth=3)


def _covered(page: pdfium.PdfPage) -> float:
    """The share of the page that its largest picture covers; strips of one picture are added."""
    frame = frame_of(page)
    pictures = _objects(page, raw.FPDF_PAGEOBJ_IMAGE)
    return min(sum(frame.share(picture.get_bounds()) for picture in pictures), 1.0)


def _is_invisible(page: pdfium.PdfPage) -> bool:
    """Whether the page's letters were laid over its picture without being drawn."""
    modes = [
        raw.FPDFTextObj_GetTextRenderMode(text) for text in _objects(page, raw.FPDF_PAGEOBJ_TEXT)
    ]
    return bool(modes) and modes.count(raw.FPDF_TEXTRENDERMODE_INVISIBLE) * 2 > len(modes)


def _letters(page: pdfium.PdfPage) -> Iterator[Letter]:
    """PDFium's letters in its reading order; places from the upper left corner."""
    words, frame = page.get_textpage(), frame_of(page)
    count = words.count_chars()
    if count > limits.MOST_LETTERS_A_PAGE:
        raise stagekit.Refused(
            "TooManyLetters", f"the page has {count} letters, at most {limits.MOST_LETTERS_A_PAGE}"
        )
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    loose = raw.FS_RECTF()
    half = ""
    for n in range(count):
        character = half + chr(raw.FPDFText_GetUnicode(words, n))
        half = ""
        if len(character) == 1 and "\ud800" <= character <= "\udbff":
            half = character  # a letter beyond U+FFFF comes in two halves
            continue
        character = charsets.joined(character)[:1]
        raw.FPDFText_GetCharBox(words, n, left, right, bottom, top)
        # Sideways a letter takes the room it was given, or "11" would look like "1 1".
        raw.FPDFText_GetLooseCharBox(words, n, loose)
        upright = frame.placed((left.value, bottom.value, right.value, top.value))
        roomy = frame.placed((loose.left, loose.bottom, loose.right, loose.top))
        yield Letter(
            character,
            min(roomy[0], upright[0]),
            max(roomy[2], upright[2]),
            upright[1],
            upright[3],
            raw.FPDFText_GetFontSize(words, n),
            raw.FPDFText_GetFontWeight(words, n) >= 600,
        )


def _drawn(page: pdfium.PdfPage, scale: float) -> Image.Image:
    """The page as a grey or coloured picture, shrunk where it would have too many pixels."""
    width, height = page.get_size()
    if not (0 < width <= _WIDEST_POINTS and 0 < height <= _WIDEST_POINTS):
        raise stagekit.Refused("OddPage", f"the page measures {width:.0f} by {height:.0f} points")
    most = (limits.MOST_PIXELS / 4 / (width * height)) ** 0.5
    render = cast("Callable[..., _Bitmap]", page.render)  # pyright: ignore[reportUnknownMemberType]
    return render(scale=min(scale, most)).to_pil()


def draw(task: Task, path: Path) -> Iterator[Answer]:
    """Each page as a picture of at most `task.side` pixels a side."""
    document = _opened(path)
    yield _described(document)
    for number in task.page_numbers(len(document)):
        began = time.monotonic()
        try:
            page = document[number - 1]
            image = _drawn(page, task.side / max(*page.get_size(), 1.0))
            file = scans.kept(image, task, number)
        except pdfium.PdfiumError:
            yield _broken_page(number)
        except (stagekit.Refused, MemoryError, ValueError, OSError) as error:
            yield failure(number, error)
        else:
            took = round(time.monotonic() - began, 3)
            yield Picture(number, file, image.width, image.height, "page", took)
