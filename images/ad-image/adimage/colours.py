"""Colours: hexadecimal names, WCAG luminance and contrast, and Lab, in which near looks near."""

from __future__ import annotations

from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from adimage.arrays import Pixels, Plane, plane

Rgb: TypeAlias = tuple[int, int, int]
"""Red, green, blue from 0 to 255."""


def from_hex(text: str) -> Rgb:
    """`#e0a030` as a colour."""
    value = text.removeprefix("#")
    return int(value[0:2], 16), int(value[2:4], 16), int(value[4:6], 16)


def to_hex(colour: Rgb) -> str:
    """A colour as `#e0a030`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """The colour `share` of the way from `a` to `b`."""
    r, g, bl = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return r, g, bl


def lighter(colour: Rgb, share: float) -> Rgb:
    """The colour moved towards white."""
    return mix(colour, (255, 255, 255), share)


def darker(colour: Rgb, share: float) -> Rgb:
    """The colour moved towards black."""
    return mix(colour, (0, 0, 0), share)


def luminance_of(pixels: Pixels) -> Plane:
    """WCAG relative luminance of every pixel, from 0 to 1."""
    c = np.asarray(pixels, dtype=np.float32) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return plane(linear @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32))


def luminance(colour: Rgb) -> float:
    """WCAG relative luminance of one colour, from 0 to 1."""
    return float(luminance_of(np.array([[colour]], dtype=np.uint8))[0, 0])


def contrast(a: float, b: float) -> float:
    """WCAG contrast ratio of two luminances, from 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def contrasts(colour: Rgb, pixels: Pixels) -> NDArray[np.float32]:
    """WCAG contrast ratio of a colour against every one of `pixels`."""
    own = luminance(colour)
    others = luminance_of(pixels)
    return plane((np.maximum(others, own) + 0.05) / (np.minimum(others, own) + 0.05))


def lab_of(pixels: Pixels) -> NDArray[np.float32]:
    """CIE Lab of every pixel: L from 0 to 100, a and b around 0."""
    return cast(
        "NDArray[np.float32]", cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    )


def rgb_of_lab(lab: tuple[float, float, float]) -> Rgb:
    """The colour of one Lab triple, cut to what a screen can show."""
    one = np.array([[lab]], dtype=np.float32)
    rgb = np.clip(cv2.cvtColor(one, cv2.COLOR_LAB2RGB)[0, 0] * 255, 0, 255)
    return round(float(rgb[0])), round(float(rgb[1])), round(float(rgb[2]))


def lab(colour: Rgb) -> tuple[float, float, float]:
    """One colour as a Lab triple."""
    one = lab_of(np.array([[colour]], dtype=np.uint8))[0, 0]
    return float(one[0]), float(one[1]), float(one[2])
