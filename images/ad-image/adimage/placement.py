"""Placement: where a block of text stands and how large it is.

Every block that fits is tried at the left, middle and right in steps from top to bottom, and the
best is taken. In order of weight:
1. It lies over no detected person or object (with a margin around them).
2. It lies where the picture is calm: little saliency, little detail.
3. Dark or light ink can be read there without a panel.
4. The headline is large.
5. It stands in the middle of the room that it has above and below, and in line with the product.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from adimage.arrays import Pixels, Plane, plane
from adimage.colours import luminance_of
from adimage.geometry import Box, around, overlap
from adimage.ink_colours import WANTED
from adimage.outputs import Align
from adimage.saliency import shrunk
from adimage.text_blocks import MOST_LINES, Block, block
from adimage.texts import Texts

IDEAL = 0.118
"""The headline's best size, as a share of the square root of the picture's area."""
SIZES = (1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.28)
MARGIN = 0.065
"""The margin to the frame, as a share of the short side."""
APART = 0.032
"""The margin around detected things, as a share of the short side."""
STEPS = 28


class Place(msgspec.Struct, frozen=True):
    """A block with its place; `on_things` is the share of it that lies over people or objects."""

    block: Block
    area: Box
    align: Align
    score: float
    on_things: float
    unrest: float


class Ground(msgspec.Struct, frozen=True):
    """What a block is placed on: the picture's size, its things, and sums of its unrest."""

    width: int
    height: int
    things: tuple[Box, ...]
    sums: NDArray[np.float64]
    light: NDArray[np.float64]
    light_squared: NDArray[np.float64]
    factor: float

    @property
    def margin(self) -> float:
        """Pixels to keep free at the frame."""
        return MARGIN * min(self.width, self.height)

    def unrest(self, box: Box) -> float:
        """Mean unrest within a box, from 0 to 1."""
        return self._mean(self.sums, box)

    def reachable(self, box: Box) -> float:
        """About the contrast that the better of near-black and near-white ink has in a box."""
        mean = self._mean(self.light, box)
        spread = max(self._mean(self.light_squared, box) - mean * mean, 0.0) ** 0.5
        return max(1.0 / (mean + 1.5 * spread + 0.05), (mean - 1.5 * spread + 0.05) / 0.07)

    def _mean(self, sums: NDArray[np.float64], box: Box) -> float:
        rows, columns = box.scaled(self.factor).slices()
        h, w = sums.shape
        t, b = min(rows.start, h - 2), min(rows.stop, h - 1)
        x, r = min(columns.start, w - 2), min(columns.stop, w - 1)
        total = sums[b, r] - sums[t, r] - sums[b, x] + sums[t, x]
        return float(total) / max((b - t) * (r - x), 1)


def ground(pixels: Pixels, saliency: Plane, things: Sequence[Box]) -> Ground:
    """The ground of a picture with its saliency (any size) and the boxes of people and objects."""
    small = shrunk(pixels)
    size = (small.shape[1], small.shape[0])
    calm = plane(cv2.resize(saliency, size, interpolation=cv2.INTER_AREA))
    grey = plane(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    detail = cv2.GaussianBlur(np.clip(slope / 120, 0, 1), (0, 0), 2)
    light = luminance_of(small)
    sums = [
        np.asarray(cv2.integral(values.astype(np.float64)), dtype=np.float64)
        for values in (np.maximum(calm * 0.8, detail), light, light * light)
    ]
    height, width = pixels.shape[:2]
    return Ground(width, height, tuple(things), sums[0], sums[1], sums[2], size[0] / width)


def best_place(texts: Texts, on: Ground) -> Place | None:
    """The best place of these texts; None where they do not fit the frame at any size."""
    mean_side = (on.width * on.height) ** 0.5
    smallest = round(max(0.029 * mean_side, 15))
    widest = min(
        on.width - 2 * on.margin, 0.62 * on.width if on.width > 1.25 * on.height else on.width
    )
    best: Place | None = None
    for share in SIZES:
        size = round(share * IDEAL * mean_side)
        for lines in range(1, MOST_LINES + 1):
            made = block(texts, size, lines, widest, smallest)
            if made is None or made.height > on.height - 2 * on.margin:
                continue
            for place in _places(made, share, on):
                if best is None or place.score > best.score:
                    best = place
    return best


def _places(made: Block, share: float, on: Ground) -> list[Place]:
    m, free = on.margin, on.height - 2 * on.margin - made.height
    columns: tuple[tuple[float, Align], ...] = (
        (m, "left"),
        ((on.width - made.width) / 2, "center"),
        (on.width - m - made.width, "left"),
    )
    return [
        _judged(made, share, Box(x, m + free * step / STEPS, made.width, made.height), align, on)
        for x, align in columns
        for step in range(STEPS + 1)
    ]


def _judged(made: Block, share: float, area: Box, align: Align, on: Ground) -> Place:
    apart = area.grown(APART * min(on.width, on.height))
    over = sum(overlap(apart, t) for t in on.things) / apart.area
    unrest = on.unrest(area) + 0.5 * max(on.unrest(strip) for strip in _edges(area, on))
    large = min(share, 1.0) - max(share - 1.0, 0) * 0.5
    lines = sum(r.role == "headline" for r in made.rows)
    score = (
        1.2 * large
        - 6 * min(over, 0.5)
        - 2.2 * unrest
        - 0.5 * min(max(WANTED - on.reachable(area), 0) / WANTED, 1)
        - 0.5 * _uneven(area, on)
        - _off_line(align, on)
        - 0.05 * max(lines - 2, 0)
    )
    return Place(made, area, align, score, over, unrest)


def _edges(area: Box, on: Ground) -> tuple[Box, Box, Box, Box]:
    """Strips along the block's four sides: what is too close to the text."""
    d = APART * min(on.width, on.height)
    return (
        Box(area.x, area.y - d, area.w, d),
        Box(area.x, area.bottom, area.w, d),
        Box(area.x - d, area.y, d, area.h),
        Box(area.right, area.y, d, area.h),
    )


def _uneven(area: Box, on: Ground) -> float:
    """How far the block is from the middle of the room above and below it, from 0 to 1."""
    level = [t for t in on.things if t.x < area.right and t.right > area.x]
    below = min((t.y for t in level if t.centre[1] > area.centre[1]), default=float(on.height))
    above = max((t.bottom for t in level if t.centre[1] <= area.centre[1]), default=0.0)
    return abs((area.y - above) - (below - area.bottom)) / on.height


def _off_line(align: Align, on: Ground) -> float:
    """A small price for text in the middle beside a product that is not, and the reverse."""
    if not on.things:
        return 0.0 if align == "left" else 0.05
    middle = around(on.things).centre[0] / on.width
    centred = abs(middle - 0.5) < 0.12
    return 0.0 if centred == (align == "center") else 0.12
