"""Draws pages as a cheap scanner sees them; the samples' and those that only the bench reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """Lines of at most `width` pixels."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def scan(  # noqa: PLR0917
    path: Path, paragraphs: Sequence[str], font: Path, angle: float, noise: float, seed: int = 5
) -> None:
    """A page as a cheap scanner sees it: turned, shaded at one side, blurred, with noise."""
    rng = np.random.default_rng(seed)
    page = Image.new("L", (1240, 1754), 250)
    pen = ImageDraw.Draw(page)
    y = 170.0
    for n, paragraph in enumerate(paragraphs):
        size = 54 if n == 0 else 33
        face = ImageFont.truetype(font, size)
        for line in wrapped(paragraph, face, 1240 - 2 * 150):
            pen.text((150, y), line, font=face, fill=45)
            y += size * 1.55
        y += 34
    page = page.crop((0, 0, 1240, int(y) + 120))
    page = page.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=235)
    page = page.filter(ImageFilter.GaussianBlur(0.7))
    shades = np.asarray(page, dtype=np.float32)
    shades *= np.linspace(1.0, 0.72, shades.shape[1])[None, :]
    shades += rng.normal(0, noise, shades.shape)
    salt = rng.random(shades.shape)
    shades[salt < 0.002] = 30
    shades[salt > 0.998] = 255
    image = Image.fromarray(np.clip(shades, 0, 255).astype(np.uint8))
    image.save(path, "JPEG", quality=72)
