"""Drawing of smooth, shaded shapes with Pillow, on a square of 1000 by 1000 units.

Pillow draws hard edges and flat fills. An easel draws on a larger square and shrinks it at the end,
fills through masks with gradients, and lays blurred light and shade within a shape: enough for a
clean flat illustration. Shapes are written as outlines in the manner of SVG (`M`, `L`, `C`, `Q`,
`Z`, absolute), so that they can be looked at in any vector program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from adimage.colours import Rgb

UNITS = 1000
Point: TypeAlias = tuple[float, float]
Mask: TypeAlias = Image.Image

_TOKEN = re.compile(r"[MLCQZ]|-?\d+(?:\.\d+)?")
_STEPS = 24
_COORDINATES = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}


def outline(path: str) -> list[Point]:
    """The points along an outline; a curve becomes 24 short lines."""
    tokens = _TOKEN.findall(path)
    points: list[Point] = []
    command, at = "M", 0
    while at < len(tokens):
        if tokens[at] in _COORDINATES:
            command, at = tokens[at], at + 1
        count = _COORDINATES[command]
        numbers = [float(t) for t in tokens[at : at + count]]
        at += count
        pairs = list(zip(numbers[0::2], numbers[1::2], strict=True))
        points.extend(_curve([points[-1], *pairs]) if len(pairs) > 1 else pairs)
    return points


def _curve(control: Sequence[Point]) -> list[Point]:
    """Points of a Bezier curve of any degree, without its first point (de Casteljau)."""
    points: list[Point] = []
    for step in range(1, _STEPS + 1):
        t = step / _STEPS
        level: list[Point] = list(control)
        while len(level) > 1:
            level = [
                (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(level)
            ]
        points.append(level[0])
    return points


class Easel:
    """A transparent square to draw on; `side` is its size in pixels when finished."""

    def __init__(self, side: int, oversampling: int = 2) -> None:
        self.side = side
        self._big = side * oversampling
        self._unit = self._big / UNITS
        self._sheet = Image.new("RGBA", (self._big, self._big), (0, 0, 0, 0))

    def path(self, path: str) -> Mask:
        """The area within an outline."""
        mask = Image.new("L", self._sheet.size, 0)
        scaled = [(x * self._unit, y * self._unit) for x, y in outline(path)]
        ImageDraw.Draw(mask).polygon(scaled, fill=255)
        return mask

    def line(self, path: str, width: float) -> Mask:
        """A line of `width` units with round ends along an open outline."""
        mask = Image.new("L", self._sheet.size, 0)
        draw = ImageDraw.Draw(mask)
        scaled = [(x * self._unit, y * self._unit) for x, y in outline(path)]
        draw.line(scaled, fill=255, width=max(round(width * self._unit), 1), joint="curve")
        r = width * self._unit / 2
        for x, y in (scaled[0], scaled[-1]):
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
        return mask

    def ellipse(self, cx: float, cy: float, rx: float, ry: float) -> Mask:
        """An ellipse around a centre."""
        mask = Image.new("L", self._sheet.size, 0)
        u = self._unit
        box = ((cx - rx) * u, (cy - ry) * u, (cx + rx) * u, (cy + ry) * u)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        return mask

    def rounded(self, x: float, y: float, w: float, h: float, radius: float) -> Mask:
        """A rectangle with round corners."""
        mask = Image.new("L", self._sheet.size, 0)
        u = self._unit
        box = (x * u, y * u, (x + w) * u, (y + h) * u)
        ImageDraw.Draw(mask).rounded_rectangle(box, radius * u, fill=255)
        return mask

    def both(self, a: Mask, b: Mask) -> Mask:
        """What lies in `a` and in `b`."""
        return ImageChops.multiply(a, b)

    def without(self, a: Mask, b: Mask) -> Mask:
        """What lies in `a` and not in `b`."""
        return ImageChops.multiply(a, ImageChops.invert(b))

    def fill(
        self,
        mask: Mask,
        first: Rgb,
        last: Rgb | None = None,
        *,
        sideways: bool = False,
        alpha: float = 1,
    ) -> None:
        """Fills an area with one colour, or from `first` to `last` down (or across) its box."""
        box = mask.getbbox()
        if box is None:
            return
        size = (box[2] - box[0], box[3] - box[1])
        part = mask.crop(box)
        if alpha < 1:
            part = part.point([round(v * alpha) for v in range(256)])
        ramp = gradient(size, first, last or first, sideways=sideways)
        layer = Image.new("RGBA", size, (0, 0, 0, 0))
        layer.paste(ramp, (0, 0))
        layer.putalpha(part)
        self._sheet.alpha_composite(layer, box[:2])

    def shade(self, mask: Mask, within: Mask, colour: Rgb, alpha: float, blur: float) -> None:
        """Lays a soft light or shade over `within`: `mask`, blurred by so many units."""
        soft = self.blurred(mask, blur)
        self.fill(ImageChops.multiply(soft, within), colour, alpha=alpha)

    def blurred(self, mask: Mask, blur: float) -> Mask:
        """The mask with soft edges; blurred small and enlarged, which looks the same, sooner."""
        small = mask.resize((self._big // 8, self._big // 8), Image.Resampling.BOX)
        soft = small.filter(ImageFilter.GaussianBlur(blur * self._unit / 8))
        return soft.resize(mask.size, Image.Resampling.BICUBIC)

    @staticmethod
    def spoke(cx: float, cy: float, start: float, end: float, degrees: float) -> str:
        """An outline from `start` to `end` units off a centre, clockwise from the top."""
        dx, dy = math.sin(math.radians(degrees)), -math.cos(math.radians(degrees))
        a, b = (cx + dx * start, cy + dy * start), (cx + dx * end, cy + dy * end)
        return f"M {a[0]:.1f} {a[1]:.1f} L {b[0]:.1f} {b[1]:.1f}"

    def rim(self, mask: Mask, dx: float, dy: float) -> Mask:
        """The edge of an area that looks away from (dx, dy): where a light from there falls off."""
        moved = ImageChops.offset(mask, round(dx * self._unit), round(dy * self._unit))
        return self.without(mask, moved)

    def turned(self, degrees: float) -> None:
        """Turns all that was drawn so far against the clock around the middle."""
        self._sheet = self._sheet.rotate(degrees, Image.Resampling.BICUBIC)

    def finished(self) -> Image.Image:
        """The drawing at its final size, with soft edges and transparency."""
        return self._sheet.resize((self.side, self.side), Image.Resampling.LANCZOS)


def gradient(
    size: tuple[int, int], first: Rgb, last: Rgb, *, sideways: bool = False
) -> Image.Image:
    """A picture of this size from one colour to another, downwards or across."""
    length = size[0] if sideways else size[1]
    t = np.linspace(0, 1, max(length, 1), dtype=np.float32)[:, None]
    ramp = (np.array(first) * (1 - t) + np.array(last) * t + 0.5).astype(np.uint8)
    strip = ramp[None, :, :] if sideways else ramp[:, None, :]
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(strip, (size[1], size[0], 3))))
