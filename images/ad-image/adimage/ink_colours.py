"""Ink: the colour of the text on the pixels where it will stand, and a scrim where it needs one.

1. A very dark and a very light ink are made from the picture's own colours, so that they fit it.
2. The one with the better contrast on nearly all pixels is taken.
3. Where even that is below WCAG AA, a panel in the opposite colour is laid under the text, only as
   dense as it must be.
"""

from __future__ import annotations

import msgspec
import numpy as np

from adimage.arrays import Pixels
from adimage.colours import Rgb, contrasts, from_hex, lab, rgb_of_lab
from adimage.outputs import Swatch

AA = 4.5
WANTED = 5.2
"""What a scrim is made for: AA with something to spare for soft edges of letters."""
WORST = 2
"""The percentile of contrast that has to reach AA."""


class Ink(msgspec.Struct, frozen=True):
    """Colours of headline, subline and rule; `scrim` is a colour and its density, or None."""

    headline: Rgb
    subline: Rgb
    accent: Rgb
    scrim: tuple[Rgb, float] | None
    contrast: float


def ink_for(behind: Pixels, swatches: list[Swatch]) -> Ink:
    """The ink on these pixels of a picture with these dominant colours."""
    colours = [from_hex(s.colour) for s in swatches]
    dark, light = _dark(colours), _light(colours)
    reached = {ink: _worst(ink, behind) for ink in (dark, light)}
    ink = max(reached, key=lambda c: reached[c])
    panel = light if ink == dark else dark
    if reached[ink] >= AA:
        return Ink(ink, ink, _accent(colours, behind), None, round(reached[ink], 2))
    for density in np.arange(0.4, 1.0, 0.04):
        under = veiled(behind, panel, float(density))
        if _worst(ink, under) >= WANTED:
            break
    else:
        density, under = np.float64(0.96), veiled(behind, panel, 0.96)
    worst = round(_worst(ink, under), 2)
    return Ink(ink, ink, _accent(colours, under), (panel, round(float(density), 2)), worst)


def veiled(pixels: Pixels, colour: Rgb, density: float) -> Pixels:
    """The pixels under a panel of this colour and density (0 to 1)."""
    mixed = pixels.astype(np.float32) * (1 - density) + np.array(colour, dtype=np.float32) * density
    return (mixed + 0.5).astype(np.uint8)


def _worst(ink: Rgb, behind: Pixels) -> float:
    return float(np.percentile(contrasts(ink, behind), WORST))


def _dark(colours: list[Rgb]) -> Rgb:
    """A near-black with the hue of the picture's darkest strong colour."""
    _, a, b = min((lab(c) for c in colours), key=lambda c: c[0] - 0.3 * float(np.hypot(c[1], c[2])))
    return rgb_of_lab((16.0, *_muted(a, b, 22)))


def _light(colours: list[Rgb]) -> Rgb:
    """A near-white with a trace of the picture's lightest colour."""
    _, a, b = max((lab(c) for c in colours), key=lambda c: c[0])
    return rgb_of_lab((98.0, *_muted(a, b, 3)))


def _muted(a: float, b: float, most: float) -> tuple[float, float]:
    chroma = float(np.hypot(a, b))
    factor = min(1.0, most / chroma) if chroma > 0 else 0.0
    return a * factor, b * factor


def _accent(colours: list[Rgb], behind: Pixels) -> Rgb:
    """The picture's strongest colour that is seen well on these pixels."""

    def strength(colour: Rgb) -> float:
        _, a, b = lab(colour)
        seen = float(np.median(contrasts(colour, behind)))
        return float(np.hypot(a, b)) * min(seen / 2.2, 1.0)

    return max(colours, key=strength)
