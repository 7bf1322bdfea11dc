"""Lettering: fonts, measured text, and lines broken so that they look even.

Measures are Pillow's own with the basic layout, so that what is planned is what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from adimage.geometry import Box
from adimage.outputs import Language, Role

FONT_DIR = Path("/usr/share/fonts/truetype")
"""Where Debian's font packages put their files."""

FONTS: dict[tuple[Language, Role], str] = {
    ("eng", "headline"): "open-sans/OpenSans-ExtraBold.ttf",
    ("eng", "subline"): "open-sans/OpenSans-Semibold.ttf",
    ("kor", "headline"): "nanum/NanumSquareB.ttf",
    ("kor", "subline"): "nanum/NanumBarunGothicBold.ttf",
}
"""The font of each language and role, below `FONT_DIR`."""

LEADING: dict[tuple[Language, Role], float] = {
    ("eng", "headline"): 1.14,
    ("eng", "subline"): 1.36,
    ("kor", "headline"): 1.26,
    ("kor", "subline"): 1.45,
}
"""From baseline to baseline, in sizes of the font."""


@lru_cache(maxsize=256)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of `FONTS` at a size in pixels."""
    return ImageFont.truetype(str(FONT_DIR / name), size, layout_engine=ImageFont.Layout.BASIC)


def ink(text: str, name: str, size: int) -> Box:
    """The box of a line's ink, with the pen's start on the baseline at 0, 0."""
    left, top, right, bottom = font(name, size).getbbox(text, anchor="ls")
    return Box(left, top, right - left, bottom - top)


def unknown_characters(text: str, name: str) -> str:
    """The characters that a font has no glyph for, each once, in their order."""
    missing = _shape("\uffff", name)
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and _shape(c, name) == missing)


def _shape(letter: str, name: str) -> bytes:
    """A letter's pixels; those of the last code point are what a font shows for the unknown."""
    return line_mask((60, 60), letter, name, 40, (5, 45)).tobytes()


def broken(text: str, lines: int, width_of: Callable[[str], float]) -> list[str] | None:
    """The text on exactly so many lines, the widest as narrow as can be.

    None where it has too few words.
    Lines break between words, which is right for Korean with spaces too.
    """
    words = text.split()
    if lines > len(words):
        return None
    # best[n][w]: the narrowest width of the first w words on n lines, and the last line's start
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for n in range(1, lines + 1):
        row: dict[int, tuple[float, int]] = {}
        for end in range(n, len(words) + 1):
            row[end] = min(
                (max(best[n - 1][start][0], width_of(" ".join(words[start:end]))), start)
                for start in range(n - 1, end)
                if start in best[n - 1]
            )
        best.append(row)
    broken_lines: list[str] = []
    end = len(words)
    for n in range(lines, 0, -1):
        start = best[n][end][1]
        broken_lines.insert(0, " ".join(words[start:end]))
        end = start
    return broken_lines


def wrapped(text: str, width: float, width_of: Callable[[str], float]) -> list[str]:
    """The text on as few lines as fit into `width`, evenly filled.

    A word that is wider than the line alone is cut between letters (or Korean syllables).
    """
    text = " ".join(part for word in text.split() for part in _cut(word, width, width_of))
    for lines in range(1, len(text.split()) + 1):
        candidate = broken(text, lines, width_of)
        if candidate and max(width_of(line) for line in candidate) <= width:
            return candidate
    return text.split()


def _cut(word: str, width: float, width_of: Callable[[str], float]) -> list[str]:
    parts: list[str] = [""]
    for letter in word:
        if parts[-1] and width_of(parts[-1] + letter) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def line_mask(
    size: tuple[int, int], text: str, name: str, points: int, at: tuple[float, float]
) -> Image.Image:
    """A line's ink as a mask of a picture of this size; `at` is the pen's start on the baseline."""
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).text(at, text, font=font(name, points), fill=255, anchor="ls")
    return mask
