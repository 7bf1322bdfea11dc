"""The reader: text in a part of a picture, by Tesseract.

Tesseract wants dark letters on a light ground at about 36 pixels of height. The part is read as
grey, turned to negative where it is dark, scaled, and also as pure black and white; the reading
that Tesseract itself is surer of is taken.

Tesseract's Korean model puts spaces between syllables where there are none. In Korean, spaces are
therefore taken from the gaps in the picture: columns without ink, wider than between syllables.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import tesseract
import tesserocr
from numpy.typing import NDArray
from PIL import Image

from adimage.arrays import Pixels
from adimage.geometry import Box, overlap, rounded
from adimage.outputs import Language, ReadLine

WORD_GAP = 0.21
"""The least gap between words, in heights of the line."""
LETTERS = 36.0
"""The height of a line, in pixels, that is given to Tesseract."""
SEARCHED_SIDE = 640
"""The long side at which a picture is searched for text: large letters are then of the size that
Tesseract knows best, and the grain of a photograph is gone."""
SURE_ENOUGH = 0.7
"""The least confidence of a line that counts as text where nobody says that there is any."""
_DOTS = 150


class Reading(msgspec.Struct, frozen=True):
    """Lines from top to bottom with boxes in the whole picture; confidence from 0 to 1."""

    lines: list[ReadLine]
    confidence: float

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(line.text for line in self.lines)


def engine() -> str:
    """The engine's name and version."""
    return "tesseract " + tesserocr.tesseract_version().split()[1]


def read_text(pixels: Pixels, part: Box, line_height: float, language: Language) -> Reading:
    """Reads a part of a picture whose lines are about `line_height` pixels high."""
    part = part.inside(pixels.shape[1], pixels.shape[0])
    rows, columns = part.slices()
    shades = cv2.cvtColor(pixels[rows, columns], cv2.COLOR_RGB2GRAY)
    factor = min(max(LETTERS / max(line_height, 1.0), 0.2), 4.0)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    shades = cv2.resize(shades, None, fx=factor, fy=factor, interpolation=how)
    level, two_tone = cv2.threshold(shades, 0, 255, cv2.THRESH_OTSU)
    pages = [np.asarray(page, dtype=np.uint8) for page in (shades, two_tone)]
    if float(np.mean(pages[0] > level)) < 0.5:
        pages = [np.asarray(255 - page, dtype=np.uint8) for page in pages]
    corner = (columns.start, rows.start)
    with tesseract.opened(language, tesserocr.PSM.SINGLE_BLOCK) as api:
        readings = [_reading(api, page, corner, factor, language) for page in pages]
    return max(readings, key=lambda reading: reading.confidence)


def find_text(pixels: Pixels, language: Language) -> Reading:
    """Reads all of a picture of which nobody says where its text is; lines that are none go.

    Letters on light and on dark ground may stand in one picture, so both ways are read, and of two
    readings of one place the surer one is kept.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    factor = min(1.0, SEARCHED_SIDE / max(grey.shape))
    shades = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    pages = [np.asarray(page, dtype=np.uint8) for page in (shades, 255 - shades)]
    with tesseract.opened(language, tesserocr.PSM.SPARSE_TEXT) as api:
        readings = [_reading(api, page, (0, 0), factor, language) for page in pages]
    found: list[ReadLine] = []
    lines = [line for reading in readings for line in reading.lines if _is_text(line)]
    for line in sorted(lines, key=lambda line: -line.confidence):
        if all(overlap(line.box, other.box) < 0.2 * line.box.area for other in found):
            found.append(line)
    found.sort(key=lambda line: (line.box.y, line.box.x))
    return Reading(found, round(tesseract.mean_confidence(found), 3))


def _is_text(line: ReadLine) -> bool:
    letters = sum(c.isalnum() for c in line.text)
    return letters >= 2 and line.confidence >= SURE_ENOUGH


def spaced_by_gaps(text: str, grey: NDArray[np.uint8], bounds: tuple[int, int, int, int]) -> str:
    """The letters of a line with a space at each gap of the picture, and nowhere else.

    Each letter counts as a syllable's width, or half of it where it is Latin, a digit or a mark.
    """
    x, y, right, bottom = bounds
    line = grey[y:bottom, x:right]
    level, _ = cv2.threshold(line, 0, 255, cv2.THRESH_OTSU)
    inked = (line <= level).any(axis=0)
    ends = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False])).astype(np.int8)))
    starts, stops = ends[0::2], ends[1::2]
    wide = WORD_GAP * (bottom - y)
    gaps = [(int(a), int(b)) for a, b in zip(stops[:-1], starts[1:], strict=True) if b - a > wide]
    letters = [c for c in text if not c.isspace()]
    if not letters:
        return ""
    widths = np.array([1.0 if "가" <= c <= "힣" else 0.55 for c in letters])
    inner = (right - x) - sum(b - a for a, b in gaps)
    reached = np.cumsum(widths) / widths.sum() * inner
    spaced, passed = set[int](), 0
    for a, b in gaps:
        spaced.add(int(np.argmin(np.abs(reached - (a - passed)))))
        passed += b - a
    return "".join(c + (" " if n in spaced else "") for n, c in enumerate(letters)).strip()


def _reading(
    api: tesserocr.PyTessBaseAPI,
    grey: NDArray[np.uint8],
    corner: tuple[int, int],
    factor: float,
    language: Language,
) -> Reading:
    edge = 16  # Tesseract misses letters that touch the edge
    sheet = cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    page = Image.fromarray(np.asarray(sheet, dtype=np.uint8))
    lines: list[ReadLine] = []
    level = tesserocr.RIL.TEXTLINE
    for line in tesseract.recognized(api, page, level, _DOTS):
        text = " ".join((tesseract.text_of(line, level) or "").split())
        bounds = line.BoundingBox(level)
        if not text or bounds is None:
            continue
        if language == "kor":
            text = spaced_by_gaps(text, np.asarray(sheet, dtype=np.uint8), bounds)
        x, y, right, bottom = (float(v) - edge for v in bounds)
        box = Box(x, y, right - x, bottom - y).scaled(1 / factor).moved(*corner)
        certainty = round(float(line.Confidence(level)) / 100, 3)
        lines.append(ReadLine(text, rounded(box), certainty))
    return Reading(lines, round(tesseract.mean_confidence(lines), 3))
