"""Text set on a sheet: the picture of a document that has no pages of its own. Child only.

It shows what the document says, and not how its own program would lay it out; the output says so
(`rendering: text`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from docpipe.pages import Answer, Failure, Opened, Page, Picture, Task
from docpipe.reading.ocr import scans

FONTS: Final = Path("/usr/share/fonts/truetype/nanum")
SHEET: Final = (1240, 1754)
"""A4 at 150 dots an inch."""
_EDGE: Final = 110
_INK, _FAINT = (34, 34, 38), (120, 120, 128)
_SIZES: Final = {0: 25, 1: 44, 2: 35, 3: 30}


@lru_cache(maxsize=16)
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    file = FONTS / ("NanumGothicBold.ttf" if bold else "NanumGothic.ttf")
    return ImageFont.truetype(file, size) if file.exists() else ImageFont.load_default(size)


def draw(task: Task, answers: Iterable[Answer]) -> Iterator[Answer]:
    """The answers of a reader, each page set on one sheet of paper."""
    for answer in answers:
        if isinstance(answer, Opened | Failure):
            yield answer
        elif isinstance(answer, Page):
            began = time.monotonic()
            image = sheet(answer.text)
            image.thumbnail((task.side, task.side), Image.Resampling.LANCZOS)
            file = scans.kept(image, task, answer.number)
            took = round(time.monotonic() - began, 3)
            yield Picture(answer.number, file, image.width, image.height, "text", took)


def sheet(markup: str) -> Image.Image:
    """The beginning of a Markdown text, as much as one sheet holds."""
    image = Image.new("RGB", SHEET, (255, 255, 255))
    pen = ImageDraw.Draw(image)
    y = float(_EDGE)
    for paragraph in markup.split("\n"):
        level = min(len(paragraph) - len(paragraph.lstrip("#")), 3)
        rule = re.fullmatch(r"\|[\s|:-]+\|", paragraph.strip())
        text = re.sub(r"[*_`|]+", " ", paragraph.lstrip("#")).strip()
        if rule or not text:
            y += 0 if rule else 10
            continue
        size = _SIZES[level]
        y += size * 0.6 if level else 0
        for line in _lines(pen, text, size, bold=level > 0):
            if y > SHEET[1] - _EDGE:
                pen.text((_EDGE, y), "...", font=_font(25, bold=False), fill=_FAINT)
                return image
            pen.text((_EDGE, y), line, font=_font(size, bold=level > 0), fill=_INK)
            y += size * 1.45
    return image


def _lines(pen: ImageDraw.ImageDraw, text: str, size: int, *, bold: bool) -> Iterator[str]:
    font, wide = _font(size, bold=bold), SHEET[0] - 2 * _EDGE
    line = ""
    for word in text.split():
        for part in _parts(word[:400]):
            longer = f"{line} {part}" if line else part
            if line and pen.textlength(longer, font) > wide:
                yield line
                line = part
            else:
                line = longer
    yield line


def _parts(word: str) -> Iterator[str]:
    for start in range(0, len(word), 40):
        yield word[start : start + 40]
