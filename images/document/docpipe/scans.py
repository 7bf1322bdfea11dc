"""Scanned pages and photographs of pages: made upright, even and clean, then read. Child only.

1. Grey, and of a size at which letters are about 30 pixels high.
2. The paper's shade is divided out: corners in the dark become as white as the middle.
3. Noise of single pixels goes by a median, where there is any.
4. The page is turned by the angle at which its lines of text are sharpest.
5. Tesseract reads it. A page read badly is tried upside down and on its sides.
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
from docpipe import pictures, reader
from docpipe.pages import Answer, Cell, Line, Opened, Page, Picture, Task
from docpipe.troubles import trouble

READ_SIDE: Final = 3500
"""The long side, in pixels, that small pictures are brought near to: A4 at 300 dots an inch."""
MOST_SKEW: Final = 8.0
"""Degrees; what is turned further was turned on purpose."""
BADLY_READ: Final = 0.55
"""Below this confidence the other three directions are tried."""


def read(task: Task, path: Path) -> Iterator[Answer]:
    """Each page of a picture file, read by Tesseract."""
    image = pictures.opened(path)
    count = pictures.frames(image)
    yield Opened("picture", count)
    for number in range(task.first, min(task.last, count) + 1):
        began = time.monotonic()
        try:
            found = read_page(pictures.decoded(image, number), task.languages)
            yield Page(
                number, "ocr", found.width, found.height, found.lines,
                confidence=found.confidence, languages=found.languages,
                seconds=round(time.monotonic() - began, 3),
            )  # fmt: skip
        except (stagekit.Refused, stagekit.Skip, MemoryError, ValueError, RuntimeError) as error:
            yield trouble(number, error)


def draw(task: Task, path: Path) -> Iterator[Answer]:
    """Each page of a picture file at the wanted size."""
    image = pictures.opened(path)
    count = pictures.frames(image)
    yield Opened("picture", count)
    for number in range(task.first, min(task.last, count) + 1):
        began = time.monotonic()
        try:
            page = pictures.decoded(image, number, task.side)
            file = kept(page, task, number)
        except (stagekit.Refused, MemoryError, ValueError, OSError) as error:
            yield trouble(number, error)
        else:
            took = round(time.monotonic() - began, 3)
            yield Picture(number, file, page.width, page.height, "page", took)


def kept(image: Image.Image, task: Task, number: int) -> str:
    """Stores a page's picture; gives its file name."""
    ending = "jpg" if task.form == "JPEG" else "png"
    file = f"{number:04}.{ending}"
    image.convert("RGB").save(Path(task.folder) / file, task.form, quality=80, optimize=True)
    return file


def read_page(image: Image.Image, languages: str) -> reader.Reading:
    """The lines of a page's picture, in its own pixels after it was made upright."""
    sheet, scale = cleaned(image)
    best = reader.read(sheet, languages)
    if best.confidence < BADLY_READ:
        turns = (Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
        for turn in turns:
            other = reader.read(sheet.transpose(turn), languages)
            if other.confidence > max(best.confidence, BADLY_READ):
                best = other
    lines = [scaled(line, 1 / scale) for line in best.lines]
    return reader.Reading(
        lines, best.confidence, best.languages, best.width / scale, best.height / scale
    )


def scaled(line: Line, factor: float) -> Line:
    """A line on a page of another size."""
    return Line(
        [Cell(c.text, round(c.left * factor, 1), round(c.right * factor, 1)) for c in line.cells],
        round(line.top * factor, 1),
        round(line.bottom * factor, 1),
        round(line.size * factor, 1),
        line.bold,
    )


def cleaned(image: Image.Image) -> tuple[Image.Image, float]:
    """The page in grey, even, clean and upright; and how much larger it became."""
    grey = image.convert("L")
    longest = max(grey.size)
    scale = min(READ_SIDE / longest, 3.0)
    if scale < 0.8 or scale > 1.3:
        size = (max(round(grey.width * scale), 1), max(round(grey.height * scale), 1))
        grey = grey.resize(size, Image.Resampling.LANCZOS)
    else:
        scale = 1.0
    grey = _evened(grey)
    if _noise(grey) > 0.01:
        grey = grey.filter(ImageFilter.MedianFilter(3))
    angle = skew(grey)
    if abs(angle) >= 0.1:
        grey = grey.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return grey, scale


def _evened(grey: Image.Image) -> Image.Image:
    """Light letters on dark ground are turned round; then the paper's shade is divided out."""
    small = grey.resize((max(grey.width // 16, 1), max(grey.height // 16, 1)), Image.Resampling.BOX)
    if float(np.median(np.asarray(small))) < 110:
        grey, small = ImageChops.invert(grey), ImageChops.invert(small)
    paper = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(6))
    ground = np.asarray(paper.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
    shades = np.asarray(grey, dtype=np.float32) * (245.0 / np.maximum(ground, 40.0))
    return Image.fromarray(np.clip(shades, 0, 255).astype(np.uint8))


def _noise(grey: Image.Image) -> float:
    """The share of pixels that differ much from all their neighbours."""
    window = (grey.width // 4, grey.height // 4, grey.width * 3 // 4, grey.height * 3 // 4)
    part = grey.crop(window) if min(grey.size) > 64 else grey
    calm = part.filter(ImageFilter.MedianFilter(3))
    apart = np.abs(np.asarray(part, dtype=np.int16) - np.asarray(calm, dtype=np.int16))
    return float((apart > 40).mean())


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
