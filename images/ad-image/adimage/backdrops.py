"""Backgrounds: a wall, a floor, and one calm decoration behind the product.

Decorations keep close to the wall's own colour, so that text on them stays readable.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from adimage.colours import Rgb, darker, lighter, luminance, mix
from adimage.easel import gradient
from adimage.geometry import Box
from adimage.palettes import Palette
from adimage.prompts import Background

Painter: TypeAlias = Callable[[Image.Image, ImageDraw.ImageDraw, Palette, Box, float], None]
"""Paints a decoration on a sheet; the box is where the product will stand, the number its floor."""

OVERSAMPLING = 2


def backdrop(
    size: tuple[int, int], palette: Palette, kind: Background, product: Box, floor: float
) -> Image.Image:
    """The background of a picture of this size; `product` and `floor` are in its pixels."""
    big = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
    sheet = gradient(big, lighter(palette.wall, 0.14), palette.wall).convert("RGB")
    place, ground = product.scaled(OVERSAMPLING), floor * OVERSAMPLING
    PAINTERS[kind](sheet, ImageDraw.Draw(sheet, "RGBA"), palette, place, ground)
    return _lit(sheet.resize(size, Image.Resampling.BOX), palette, product)


def shadow(size: tuple[int, int], base: Box, strength: float = 0.42) -> Image.Image:
    """A soft shadow on the ground below a product, as a mask; `base` is the product's box."""
    width = base.w
    small = Image.new("L", (max(size[0] // 4, 1), max(size[1] // 4, 1)), 0)
    draw = ImageDraw.Draw(small)
    for spread, depth, alpha in ((0.56, 0.075, 0.55), (0.45, 0.04, 1.0)):
        cx, cy = base.centre[0] / 4, (base.bottom - width * 0.012) / 4
        rx, ry = width * spread / 4, width * depth / 4
        draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=round(255 * alpha * strength))
        small = small.filter(ImageFilter.GaussianBlur(width * 0.028 / 4))
        draw = ImageDraw.Draw(small)
    return small.resize(size, Image.Resampling.BICUBIC)


def _floor(sheet: Image.Image, palette: Palette, ground: float) -> None:
    """A floor below a horizon a little above the product's base."""
    horizon = min(round(ground), sheet.height - 2)
    part = gradient(
        (sheet.width, sheet.height - horizon), palette.floor, lighter(palette.floor, 0.1)
    )
    sheet.paste(part, (0, horizon))


def _tone(palette: Palette) -> Rgb:
    """The wall's colour, a step towards the floor's: what decorations are painted with."""
    return mix(palette.wall, palette.floor, 0.75)


def _studio(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, p: Palette, at: Box, ground: float
) -> None:
    _floor(sheet, p, ground - at.h * 0.12)
    cx, rx, ry = at.centre[0], at.w * 0.66, at.w * 0.1
    top = at.bottom - at.w * 0.015
    drop = at.w * 0.12
    draw.ellipse(
        (cx - rx * 1.04, top - ry + drop * 1.2, cx + rx * 1.04, top + ry + drop * 1.3),
        fill=(*darker(p.floor, 0.3), 70),
    )
    draw.rectangle((cx - rx, top, cx + rx, top + drop), fill=darker(p.floor, 0.1))
    draw.ellipse((cx - rx, top - ry + drop, cx + rx, top + ry + drop), fill=darker(p.floor, 0.1))
    draw.ellipse((cx - rx, top - ry, cx + rx, top + ry), fill=lighter(p.floor, 0.42))


def _disc(  # painters share one signature
    sheet: Image.Image,  # noqa: ARG001
    draw: ImageDraw.ImageDraw,
    p: Palette,
    at: Box,
    ground: float,  # noqa: ARG001
) -> None:
    cx, cy = at.centre
    r = max(at.w, at.h) * 0.56
    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=_tone(p))
    r *= 0.82
    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=mix(_tone(p), p.wall, 0.4))


def _rays(  # painters share one signature
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    p: Palette,
    at: Box,
    ground: float,  # noqa: ARG001
) -> None:
    cx, cy = at.centre
    reach = math.hypot(sheet.width, sheet.height)
    for ray in range(14):
        a = math.tau * ray / 14
        points = [
            (cx + reach * math.sin(a + s), cy - reach * math.cos(a + s)) for s in (-0.112, 0.112)
        ]
        draw.polygon([(cx, cy), *points], fill=(*_tone(p), 105))
    r = max(at.w, at.h) * 0.5
    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=lighter(p.wall, 0.35))


def _waves(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, p: Palette, at: Box, ground: float
) -> None:
    w, h = sheet.size
    for layer, share in enumerate((0.45, 0.75, 1.0)):
        y0 = ground - at.h * (0.34 - 0.2 * layer)
        t = np.linspace(0, 1, 120)
        ys = y0 + h * 0.022 * np.sin(math.tau * (t * 1.4 + layer * 0.37))
        points = [(float(x * w), float(y)) for x, y in zip(t, ys, strict=True)]
        draw.polygon([(0, h), *points, (w, h)], fill=mix(p.wall, p.floor, share))


def _arch(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, p: Palette, at: Box, ground: float
) -> None:
    _floor(sheet, p, ground - at.h * 0.06)
    draw = ImageDraw.Draw(sheet, "RGBA")
    cx = at.centre[0]
    r, base = at.w * 0.58, ground - at.h * 0.06
    top = at.y - at.h * 0.06
    inner = mix(_tone(p), p.wall, 0.25)
    draw.rectangle((cx - r, top + r, cx + r, base), fill=inner)
    draw.pieslice((cx - r, top, cx + r, top + 2 * r), 180, 360, fill=inner)
    draw.rectangle((cx + r * 0.92, top + r, cx + r, base), fill=mix(inner, p.dark, 0.08))


def _confetti(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, p: Palette, at: Box, ground: float
) -> None:
    """Flecks in a ring around the product, thinner farther out."""
    _disc(sheet, draw, p, at, ground)
    cx, cy = at.centre
    colours = (p.accent, p.main, p.second)
    for n in range(26):
        angle = n * 2.399963  # the golden angle spreads points without a pattern
        reach = max(at.w, at.h) * (0.6 + 0.013 * n)
        x, y, s = cx + reach * math.cos(angle), cy + reach * math.sin(angle), at.w * 0.016
        if y < at.y:
            continue
        turn = [
            (x + s * 1.5 * math.cos(angle + q), y + s * math.sin(angle + q))
            for q in (0, 1.2, 3.14, 4.3)
        ]
        draw.polygon(turn, fill=(*colours[n % 3], 200))


PAINTERS: dict[Background, Painter] = {
    "studio": _studio,
    "disc": _disc,
    "rays": _rays,
    "waves": _waves,
    "arch": _arch,
    "confetti": _confetti,
}
"""A painter for every background that a prompt can ask for."""


def _lit(sheet: Image.Image, palette: Palette, product: Box) -> Image.Image:
    """A soft light around the product, and grain too fine to see that keeps gradients smooth."""
    w, h = sheet.size
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    cx, cy = product.centre
    away = np.hypot(xs - cx, ys - cy) / max(w, h)
    light = np.exp(-((away / 0.42) ** 2))[..., None]
    pixels = np.asarray(sheet, dtype=np.float32)
    bright = luminance(palette.wall) > 0.3
    gain = 0.22 if bright else 0.1
    lit = pixels + (255 - pixels) * light * gain - pixels * (1 - light) * 0.035
    grain = np.random.default_rng(7).uniform(-0.9, 0.9, (h, w, 1)).astype(np.float32)
    return Image.fromarray(np.clip(lit + grain + 0.5, 0, 255).astype(np.uint8))
