"""Saliency: how much each place of a picture draws the eye, measured without a model.

Two classic measures, each weak alone, are joined:
1. The spectral residual (Hou and Zhang, 2007): what differs from the usual shape of a picture's
   amplitude spectrum. It finds edges and small detail.
2. Distance in Lab from the colours at the picture's border, where the background usually is. It
   finds whole bodies.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from adimage.arrays import Pixels, Plane, plane, stretched
from adimage.colours import lab_of

WORKING_SIDE = 256
"""The long side of the picture that saliency is measured on."""


def shrunk(pixels: Pixels, side: int = WORKING_SIDE) -> Pixels:
    """The picture with a long side of `side` pixels, by averaging."""
    factor = side / max(pixels.shape[:2])
    size = (max(round(pixels.shape[1] * factor), 1), max(round(pixels.shape[0] * factor), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def spectral_residual(pixels: Pixels) -> Plane:
    """The spectral residual of a small picture, from 0 to 1."""
    grey = plane(
        cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
    )
    spectrum = np.fft.fft2(grey)
    amplitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_WRAP)
    back = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    soft = cv2.GaussianBlur(back.astype(np.float32), (0, 0), 2.5)
    size = (pixels.shape[1], pixels.shape[0])
    return stretched(plane(cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC)))


def border_distance(pixels: Pixels) -> Plane:
    """How unlike the border each pixel is, from 0 to 1.

    The lower edge counts half: products often stand close to it.
    """
    colours = lab_of(pixels)
    rim = max(round(min(pixels.shape[:2]) * 0.05), 2)
    sides = [colours[:rim], colours[:, :rim], colours[:, -rim:], colours[-rim // 2 :]]
    border = np.concatenate([part.reshape(-1, 3) for part in sides])
    centres = kmeans(border, 6)[0]
    flat = colours.reshape(-1, 1, 3) * np.array([0.6, 1, 1], dtype=np.float32)
    near = np.linalg.norm(
        flat - centres[None] * np.array([0.6, 1, 1], dtype=np.float32), axis=2
    ).min(axis=1)
    away = near.reshape(pixels.shape[:2])
    return plane(np.clip(cv2.GaussianBlur(plane(away), (0, 0), 1.5) / 45, 0, 1))


def saliency(pixels: Pixels) -> Plane:
    """Saliency of a picture, from 0 to 1, on a grid of at most 256 pixels a side."""
    small = shrunk(pixels)
    detail, body = spectral_residual(small), border_distance(small)
    joined = 0.3 * np.sqrt(detail) + 0.7 * body
    return stretched(plane(cv2.GaussianBlur(plane(joined), (0, 0), 2)))


def kmeans(
    samples: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Centres and the number of each sample's centre; the same samples give the same answer."""
    data = np.ascontiguousarray(samples.reshape(-1, 3), dtype=np.float32)
    count = min(count, len(data))
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 24, 0.4)
    first = np.zeros((len(data), 1), dtype=np.int32)
    _, labels, centres = cv2.kmeans(data, count, first, stop, 2, cv2.KMEANS_PP_CENTERS)
    return plane(centres), np.asarray(labels, dtype=np.int32).ravel()
