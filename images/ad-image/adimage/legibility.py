"""Legibility: the WCAG contrast of set text against the pixels that are really behind it."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np

from adimage.arrays import Pixels, Plane
from adimage.colours import contrasts, from_hex
from adimage.outputs import SetLine

AA, AAA = 4.5, 7.0
AA_LARGE, AAA_LARGE = 3.0, 4.5
LARGE_PIXELS = 24
"""WCAG calls text large from 18 points, which are 24 CSS pixels."""


class Seen(msgspec.Struct, frozen=True):
    """Contrast ratios (1 to 21) over the pixels behind one line, and the line's size class."""

    minimum: float
    p5: float
    median: float
    large: bool

    @property
    def aa(self) -> bool:
        """WCAG AA on all but the worst 5 % of the pixels."""
        return self.p5 >= (AA_LARGE if self.large else AA)

    @property
    def aaa(self) -> bool:
        """WCAG AAA on all but the worst 5 % of the pixels."""
        return self.p5 >= (AAA_LARGE if self.large else AAA)


def seen(line: SetLine, backing: Pixels, ink: Plane) -> Seen:
    """How well a line is seen: `backing` is the picture without text, `ink` the text (0 to 1).

    Counted are the pixels under the letters and those just around them, which the eye sets the
    letters off against.
    """
    around = max(round(line.box.h * 0.08), 2)
    rows, columns = line.box.grown(around).inside(backing.shape[1], backing.shape[0]).slices()
    letters = (ink[rows, columns] > 0.3).astype(np.uint8)
    kernel = np.ones((2 * around + 1, 2 * around + 1), dtype=np.uint8)
    near = cv2.dilate(letters, kernel) > 0
    if not near.any():
        return Seen(1.0, 1.0, 1.0, large=False)
    ratios = contrasts(from_hex(line.colour), backing[rows, columns])[near]
    low, p5, median = (float(np.percentile(ratios, q)) for q in (0, 5, 50))
    return Seen(round(low, 2), round(p5, 2), round(median, 2), large=line.box.h >= LARGE_PIXELS)
