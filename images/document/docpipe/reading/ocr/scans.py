"""Scanned pages and photographs of pages: made upright, even and clean, then read. Child only.

1. Grey; single pixels that stick out are noise, and go.
2. The paper's shade is divided out: corners in the dark become as white as the middle.
3. Small pictures are made larger, huge ones smaller.
4. The page is turned by the angle at which its lines of text are sharpest.
5. Tesseract reads it. Where it is less sure than upright pages let it be, it is asked which way the
   page lies; where it cannot say, a page read badly is tried upside down and on its sides.
6. What is read without any sureness is no text: the page says so instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

import stagekit
from docpipe.pages import Answer, Cell, Line, Opened, Page, Picture, Task
from docpipe.reading import pictures
from docpipe.reading.errors import failure
from docpipe.reading.ocr import orientation, reader

SMALL_SIDE: Final = 1600
"""Pictures whose long side is shorter, in pixels, are made larger: A4 at 140 dots an inch."""
LARGE_SIDE: Final = 4500
"""Pictures whose long side is longer are made smaller."""
BLACK, WHITE = 0.15, 0.82
"""Shares of the paper's lightness that become black and white."""
SPECK: Final = 12
"""Tiles of this many pixels are looked at for specks."""
STAIN: Final = 25
"""How much a pixel differs from all its neighbours, in shades of 255, to be a stain."""
MOST_SKEW: Final = 8.0
"""Degrees; what is turned further was turned on purpose."""
UPRIGHT: Final = 0.85
"""What upright pages reach; below this confidence a page may lie on its side or its head."""
BADLY_READ: Final = 0.6
"""Below this confidence the other three directions are tried, where Tesseract cannot say which."""
UNSURE: Final = 0.6
"""Below this confidence what was read is left out: it is mostly no word of any language."""

_TURNS: Final = {
    180: Image.Transpose.ROTATE_180,
    90: Image.Transpose.ROTATE_90,
    270: Image.Transpose.ROTATE_270,
}
"""By how many degrees a page is turned to the left to stand upright, and how."""


def read(task: Task, path: Path) -> Iterator[Answer]:
    """Each page of a picture file, read by Tesseract."""
    image = pictures.opened(path)
    count = pictures.frames(image)
    yield Opened("picture", count)
    for number in task.page_numbers(count):
        began = time.monotonic()
        try:
            reading = read_page(pictures.decoded(image, number), task.languages)
            lines, note = sure_lines(reading)
            yield Page(
                number, "ocr", reading.width, reading.height, lines,
                confidence=reading.confidence, languages=reading.languages,
                seconds=round(time.monotonic() - began, 3), note=note,
            )  # fmt: skip
        except (stagekit.Refused, stagekit.Skip, MemoryError, ValueError, RuntimeError) as error:
            yield failure(number, error)


def draw(task: Task, path: Path) -> Iterator[Answer]:
    """Each page of a picture file at the wanted size."""
    image = pictures.opened(path)
    count = pictures.frames(image)
    yield Opened("picture", count)
    for number in task.page_numbers(count):
        began = time.monotonic()
        try:
            page = pictures.decoded(image, number, task.side)
            file = kept(page, task, number)
        except (stagekit.Refused, MemoryError, ValueError, OSError) as error:
            yield failure(number, error)
        else:
            took = round(time.monotonic() - began, 3)
            yield Picture(number, file, page.width, page.height, "page", took)


def kept(image: Image.Image, task: Task, number: int) -> str:
    """Stores a page's picture; gives its file name."""
    ending = "jpg" if task.form == "JPEG" else "png"
    file = f"{number:04}.{ending}"
    image.convert("RGB").save(Path(task.folder) / file, task.form, quality=80, optimize=True)
    return file


def sure_lines(reading: reader.Reading) -> tuple[list[Line], str]:
    """The lines that may be believed, and a note where none may."""
    if not reading.lines or reading.confidence >= UNSURE:
        return reading.lines, ""
    sure = f"{reading.confidence:.2f}"
    return [], f"what was read was left out: the confidence is {sure}, below {UNSURE}"


def read_page(image: Image.Image, languages: str, *, turn: bool = True) -> reader.Reading:
    """The lines of a page's picture, in its own pixels after it was made upright."""
    sheet, scale = cleaned(image)
    best = reader.read(sheet, languages)
    if turn and best.confidence < UPRIGHT:
        for other in _turned(sheet, languages, best):
            if other.confidence > best.confidence and other.weight > best.weight:
                best = other
    lines = [scaled(line, 1 / scale) for line in best.lines]
    return reader.Reading(
        lines, best.confidence, best.languages, best.width / scale, best.height / scale
    )


def _turned(
    sheet: Image.Image, languages: str, upright: reader.Reading
) -> Iterator[reader.Reading]:
    """Readings of the page in the other directions in which it may lie."""
    degrees = orientation.of(sheet)
    if degrees is None and (upright.confidence >= BADLY_READ or not upright.lines):
        return
    for turn, transposed in _TURNS.items():
        if degrees is None or degrees == turn:
            yield reader.read(sheet.transpose(transposed), languages)


def scaled(line: Line, factor: float) -> Line:
    """A line on a page of another size."""
    return Line(
        [
            Cell(cell.text, round(cell.left * factor, 1), round(cell.right * factor, 1))
            for cell in line.cells
        ],
        round(line.top * factor, 1),
        round(line.bottom * factor, 1),
        round(line.size * factor, 1),
        line.bold,
    )


def cleaned(image: Image.Image) -> tuple[Image.Image, float]:
    """The page in grey, clean, even and upright; and how much larger it became."""
    # Stains go first: any scaling or turning would make them larger than they are.
    grey = _evened(_unspeckled(image.convert("L")))
    longest = max(grey.size)
    scale = 1.0
    if longest < SMALL_SIDE:
        scale = min(SMALL_SIDE / longest, 2.5)
    elif longest > LARGE_SIDE:
        scale = LARGE_SIDE / longest
    if scale != 1.0:
        size = (max(round(grey.width * scale), 1), max(round(grey.height * scale), 1))
        grey = grey.resize(size, Image.Resampling.LANCZOS)
    angle = skew(grey)
    if abs(angle) >= 0.1:
        grey = grey.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return _without_specks(grey), scale


def _without_specks(grey: Image.Image) -> Image.Image:
    """Lone ink that is smaller than a full stop, and what touches the edge, is painted white."""
    ink = np.asarray(grey, dtype=np.uint8) < 128
    high, wide = (side // SPECK * SPECK for side in ink.shape)
    if min(high, wide) < 8 * SPECK:
        return grey
    tiles = ink[:high, :wide].reshape(high // SPECK, SPECK, wide // SPECK, SPECK).sum(axis=(1, 3))
    around = np.pad(tiles, 1)
    near = sum(
        around[y : y + tiles.shape[0], x : x + tiles.shape[1]] for y in range(3) for x in range(3)
    )
    lone: NDArray[np.bool_] = np.asarray(near) < SPECK * 2
    lone[[0, -1]] = True
    lone[:, [0, -1]] = True
    mask = np.zeros(ink.shape, dtype=bool)
    mask[:high, :wide] = np.kron(lone, np.ones((SPECK, SPECK), dtype=bool))
    mask[high:] = True
    mask[:, wide:] = True
    return Image.fromarray(np.where(mask, 255, np.asarray(grey)).astype(np.uint8))


def _unspeckled(grey: Image.Image) -> Image.Image:
    """Single pixels that differ from all eight neighbours become as their middle one.

    A plain median would take the thin strokes of Korean letters with it.
    """
    shades = np.asarray(grey, dtype=np.uint8)
    if min(shades.shape) < 3:
        return grey
    high, wide = shades.shape[0] - 2, shades.shape[1] - 2
    inner = shades[1:-1, 1:-1]
    low, top = np.full_like(inner, 255), np.zeros_like(inner)
    for y in range(3):
        for x in range(3):
            if (y, x) != (1, 1):
                near = shades[y : y + high, x : x + wide]
                np.minimum(low, near, out=low)
                np.maximum(top, near, out=top)
    odd = (inner.astype(np.int16) < low.astype(np.int16) - STAIN) | (
        inner.astype(np.int16) > top.astype(np.int16) + STAIN
    )
    calm = np.asarray(grey.filter(ImageFilter.MedianFilter(3)), dtype=np.uint8)[1:-1, 1:-1]
    whole = shades.copy()
    whole[1:-1, 1:-1] = np.where(odd, calm, inner)
    return Image.fromarray(whole)


def _evened(grey: Image.Image) -> Image.Image:
    """Light letters on dark ground are turned round; then the paper's shade is divided out."""
    small = grey.resize((max(grey.width // 16, 1), max(grey.height // 16, 1)), Image.Resampling.BOX)
    if float(np.median(np.asarray(small))) < 110:
        grey, small = ImageChops.invert(grey), ImageChops.invert(small)
    paper = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(6))
    ground = np.asarray(paper.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
    shades = np.asarray(grey, dtype=np.float32) / np.maximum(ground, 40.0)
    # What is nearly as light as the paper is its grain.
    shades = (shades - BLACK) * (255 / (WHITE - BLACK))
    return Image.fromarray(np.clip(shades, 0, 255).astype(np.uint8))


def skew(grey: Image.Image) -> float:
    """Degrees by which to turn the page so that its lines lie level."""
    small = grey.copy()
    small.thumbnail((1000, 1000), Image.Resampling.BOX)
    ink = ImageChops.invert(small)

    def sharpness(angle: float) -> float:
        turned = ink.rotate(angle, Image.Resampling.BILINEAR, fillcolor=0)
        rows: NDArray[np.float64] = np.asarray(turned, dtype=np.float64).sum(axis=1)
        return float(np.square(np.diff(rows)).sum())

    best, step = 0.0, 1.0
    angles = np.arange(-MOST_SKEW, MOST_SKEW + 1, step)
    for _ in range(3):
        best = float(max(angles, key=sharpness))
        step /= 4
        angles = best + np.arange(-4, 5) * step
    return best if sharpness(best) > 1.05 * sharpness(0.0) else 0.0
