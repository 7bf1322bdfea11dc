"""PDF by PDFium: letters and their places, page pictures. Runs in the child process only.

A page is read by its own letters. Where it has nearly none and shows a picture instead, it is a
scan: it is drawn at 300 dots an inch and read by Tesseract.
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
from docpipe.pages import Answer, Failure, Opened, Page, Picture, Task
from docpipe.reading.errors import failure
from docpipe.reading.ocr import scans
from docpipe.reading.text_lines import Letter, lines_of

SCAN_DOTS: Final = 300
FEW_LETTERS: Final = 25
"""A page with fewer letters than this, and a picture, is taken for a scan."""
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
    page = document[number - 1]
    width, height = page.get_size()
    lines = lines_of(_letters(page, height))
    count = sum(len(line.text) for line in lines)
    if count < FEW_LETTERS and _shows_picture(page):
        reading = scans.read_page(_drawn(page, SCAN_DOTS / _POINTS), languages)
        if sum(len(line.text) for line in reading.lines) > count:
            scale = width / max(reading.width, 1.0)
            lines = [scans.scaled(line, scale) for line in reading.lines]
            return Page(
                number, "ocr", width, height, lines,
                confidence=reading.confidence, languages=reading.languages,
                seconds=round(time.monotonic() - began, 3),
            )  # fmt: skip
    seconds = round(time.monotonic() - began, 3)
    return Page(number, "text", width, height, lines, seconds=seconds)


def _shows_picture(page: pdfium.PdfPage) -> bool:
    objects = cast("Callable[..., Iterable[object]]", page.get_objects)  # pyright: ignore[reportUnknownMemberType]
    return next(iter(objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)), None) is not None


def _letters(page: pdfium.PdfPage, height: float) -> Iterator[Letter]:
    """PDFium's letters in its reading order; places from the upper left corner."""
    words = page.get_textpage()
    count = words.count_chars()
    if count > limits.MOST_LETTERS_A_PAGE:
        raise stagekit.Refused(
            "TooManyLetters", f"the page has {count} letters, at most {limits.MOST_LETTERS_A_PAGE}"
        )
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    loose = raw.FS_RECTF()
    for n in range(count):
        character = chr(raw.FPDFText_GetUnicode(words, n))
        raw.FPDFText_GetCharBox(words, n, left, right, bottom, top)
        # Sideways a letter takes the room it was given, or "11" would look like "1 1".
        raw.FPDFText_GetLooseCharBox(words, n, loose)
        yield Letter(
            character,
            min(loose.left, left.value),
            max(loose.right, right.value),
            height - top.value,
            height - bottom.value,
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
