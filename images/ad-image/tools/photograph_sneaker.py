"""Renders the sample picture `manifests/samples/sneaker.png`: a sneaker as if photographed.

    PYTHONPATH=images/ad-image:operator python images/ad-image/tools/photograph_sneaker.py OUT.png

Everything in it is computed here: a wall with lights out of focus, a wooden table in perspective,
side light, a cast shadow, a faint reflection, fabric, a shallow depth of field and a vignette. It
is kept free of fine grain so that the PNG stays small. The same run gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from adimage.arrays import plane
from adimage.easel import Easel
from adimage.palettes import PALETTES
from adimage.products.wear import shoe
from numpy.typing import NDArray
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 1200, 900
FINAL = (1000, 750)
TABLE = 560
"""The y at which the table's far edge meets the wall."""

Layer = NDArray[np.float32]


def main(out: Path) -> None:
    """Renders the picture into `out`."""
    random = np.random.default_rng(20)
    sheet = np.concatenate([_wall(random), _table(random)])
    sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 3), dtype=np.float32)
    product, alpha, left, top = _shoe(random)
    _cast_shadow(sheet, alpha, left, top)
    _reflect(sheet, product, alpha, left, top)
    rows, columns = slice(top, top + alpha.shape[0]), slice(left, left + alpha.shape[1])
    cover = alpha[..., None]
    sheet[rows, columns] = sheet[rows, columns] * (1 - cover) + product * cover
    picture = _graded(sheet)
    image = Image.fromarray(picture).resize(FINAL, Image.Resampling.LANCZOS)
    image.save(out, "PNG", optimize=True)
    sys.stdout.write(f"{out}: {out.stat().st_size >> 10} KiB\n")


def _wall(random: np.random.Generator) -> Layer:
    """A dusky wall, lit from the right, with round lights far out of focus on one side."""
    ys, xs = np.mgrid[0:TABLE, 0:WIDTH].astype(np.float32)
    light = np.exp(-(((xs - 930) / 560) ** 2 + ((ys - 250) / 430) ** 2))[..., None]
    dim, bright = np.array([38, 52, 66], np.float32), np.array([150, 142, 128], np.float32)
    wall = dim * (1 - light) + bright * light
    for _ in range(13):
        x, y, r = random.uniform(760, 1230), random.uniform(20, 330), random.uniform(22, 62)
        disc = np.clip((r - np.hypot(xs - x, ys - y)) / 7, 0, 1)[..., None]
        tint = np.array([255, 205 + random.uniform(-25, 20), 140], np.float32)
        wall += disc * (tint - wall) * random.uniform(0.1, 0.28)
    return np.asarray(wall, dtype=np.float32)


def _table(random: np.random.Generator) -> Layer:
    """Planks of wood that run towards the viewer, with a grain along them."""
    h = HEIGHT - TABLE
    ys, xs = np.mgrid[0:h, 0:WIDTH].astype(np.float32)
    depth = 1 / (0.42 + ys / h)
    across = (xs - WIDTH / 2) * depth
    plank = np.floor(across / 190)
    tone: Layer = random.uniform(0.86, 1.08, 40).astype(np.float32)[(plank.astype(int) + 20) % 40]
    fibres = np.asarray(
        cv2.resize(
            random.normal(0, 1, (12, 300)).astype(np.float32),
            (2400, 240),
            interpolation=cv2.INTER_CUBIC,
        ),
        dtype=np.float32,
    )
    grain = cv2.remap(
        fibres,
        np.asarray(across + 1200, np.float32) % 2400,
        np.asarray(depth * 90, np.float32),
        cv2.INTER_LINEAR,
    )
    seam = np.clip(1 - np.abs(across / 190 - plank) * 70, 0, 1) * 0.45
    lit = 0.62 + 0.5 * np.exp(-(((xs - 780) / 520) ** 2 + ((ys - 90) / 260) ** 2))
    wood = (
        np.array([158, 112, 76], np.float32)
        * (tone * lit * (1 + 0.06 * grain) * (1 - seam))[..., None]
    )
    return np.asarray(wood, dtype=np.float32)


def _shoe(random: np.random.Generator) -> tuple[Layer, Layer, int, int]:
    """The sneaker with woven fabric and light from the right; its pixels, cover and place."""
    easel = Easel(760, oversampling=3)
    shoe(easel, PALETTES["winter"])
    image = easel.finished().rotate(-7, Image.Resampling.BICUBIC)
    box = image.getchannel("A").getbbox() or (0, 0, *image.size)
    image = image.crop(box)
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    alpha = plane(plane(image.getchannel("A")) / 255)
    h, w = alpha.shape
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    weave = np.sin(xs * 1.6) * np.sin(ys * 1.6) * 3.5
    noise = random.normal(0, 1, (h, w)).astype(np.float32)
    folds = plane(cv2.GaussianBlur(noise, (0, 0), 16)) * 170
    body = cv2.GaussianBlur(alpha, (0, 0), 26)
    form = np.asarray(cv2.Sobel(body, cv2.CV_32F, 1, 0, ksize=5), dtype=np.float32)
    side = -form / max(float(np.abs(form).max()), 1e-6)
    light = 0.84 + 0.3 * xs / w - 0.22 * (ys / h) + 0.28 * side
    lit = pixels * light[..., None] + (weave + folds)[..., None]
    return np.clip(lit, 0, 255).astype(np.float32), alpha, 120, HEIGHT - 130 - h


def _cast_shadow(sheet: Layer, alpha: Layer, left: int, top: int) -> None:
    """A long soft shadow to the left, and a dark line where the sole touches the table."""
    h, w = alpha.shape
    flat = cv2.resize(alpha, (w, round(h * 0.34)), interpolation=cv2.INTER_AREA)
    skew = np.array([[1, 0.75, 0], [0, 1, 0]], dtype=np.float32)
    flat = cv2.warpAffine(flat, skew, (w + 200, flat.shape[0]))
    shade = np.zeros(sheet.shape[:2], dtype=np.float32)
    bottom, start = top + h + 6, max(left - 118, 0)
    shade[bottom - flat.shape[0] : bottom, start : start + flat.shape[1]] = flat
    soft = np.asarray(cv2.GaussianBlur(shade, (0, 0), 20), dtype=np.float32) * 0.62
    touch = np.zeros_like(shade)
    cv2.ellipse(touch, (left + w // 2, top + h - 7), (w // 2 - 12, 9), 0, 0, 360, 1.0, -1)
    soft = np.maximum(soft, np.asarray(cv2.GaussianBlur(touch, (0, 0), 5), dtype=np.float32) * 0.85)
    sheet *= (1 - soft)[..., None]


def _reflect(sheet: Layer, product: Layer, alpha: Layer, left: int, top: int) -> None:
    """The sole, mirrored in the varnish of the table."""
    h, w = alpha.shape
    deep = min(90, HEIGHT - top - h)
    mirror = cv2.GaussianBlur(product[::-1][:deep], (0, 0), 5)
    fade = np.linspace(0.2, 0, deep, dtype=np.float32)[:, None]
    cover = (cv2.GaussianBlur(alpha[::-1][:deep], (0, 0), 5) * fade)[..., None]
    part = sheet[top + h : top + h + deep, left : left + w]
    sheet[top + h : top + h + deep, left : left + w] = part * (1 - cover) + mirror * cover


def _graded(sheet: Layer) -> NDArray[np.uint8]:
    """A vignette, a soft curve, and a trace of bloom around lights."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = ((xs / WIDTH - 0.5) ** 2 + (ys / HEIGHT - 0.5) ** 2) * 2
    sheet = sheet * (1.04 - 0.42 * away)[..., None]
    image = Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8))
    bloom = np.asarray(image.filter(ImageFilter.GaussianBlur(22)), dtype=np.float32)
    joined = 255 - (255 - sheet) * (255 - bloom * 0.12) / 255
    curve = 255 * (1 - (1 - np.clip(joined / 255, 0, 1)) ** 1.12)
    return np.clip(curve + 0.5, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
