"""Boxes in pixels: where something is in a picture, and how two such places relate."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Box(msgspec.Struct, frozen=True):
    """A rectangle in pixels, from the left upper corner; `w` and `h` are never negative."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.h

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.w * self.h

    @property
    def centre(self) -> tuple[float, float]:
        """The middle as (x, y)."""
        return self.x + self.w / 2, self.y + self.h / 2

    def grown(self, margin: float) -> Box:
        """This box with `margin` pixels more on every side; a negative margin shrinks it."""
        w, h = max(self.w + 2 * margin, 0.0), max(self.h + 2 * margin, 0.0)
        return Box(self.x - margin, self.y - margin, w, h)

    def scaled(self, factor: float) -> Box:
        """This box in a picture `factor` times as large."""
        return Box(self.x * factor, self.y * factor, self.w * factor, self.h * factor)

    def moved(self, dx: float, dy: float) -> Box:
        """This box, `dx` to the right and `dy` down."""
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def inside(self, width: float, height: float) -> Box:
        """The part of this box that lies in a picture of this size."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right, bottom = min(max(self.right, left), width), min(max(self.bottom, top), height)
        return Box(left, top, right - left, bottom - top)

    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the pixels that this box touches, to index an array with."""
        top, left = int(self.y), int(self.x)
        bottom, right = int(-(-self.bottom // 1)), int(-(-self.right // 1))
        return slice(max(top, 0), max(bottom, top + 1)), slice(max(left, 0), max(right, left + 1))


def overlap(a: Box, b: Box) -> float:
    """Square pixels that two boxes share."""
    w = min(a.right, b.right) - max(a.x, b.x)
    h = min(a.bottom, b.bottom) - max(a.y, b.y)
    return max(w, 0.0) * max(h, 0.0)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, from 0 to 1; 0 where both are empty."""
    shared = overlap(a, b)
    union = a.area + b.area - shared
    return shared / union if union > 0 else 0.0


def covered(a: Box, by: Box) -> float:
    """The share of `a` that lies under `by`, from 0 to 1."""
    return overlap(a, by) / a.area if a.area > 0 else 0.0


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of `boxes`; an empty box at 0, 0 where there are none."""
    known = list(boxes)
    if not known:
        return Box(0, 0, 0, 0)
    left, top = min(b.x for b in known), min(b.y for b in known)
    return Box(left, top, max(b.right for b in known) - left, max(b.bottom for b in known) - top)


def rounded(box: Box, digits: int = 1) -> Box:
    """The box with its numbers cut to `digits` decimals, as it is written into outputs."""
    return Box(
        round(box.x, digits), round(box.y, digits), round(box.w, digits), round(box.h, digits)
    )
