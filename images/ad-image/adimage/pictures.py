"""Given pictures: checked before they are decoded, and brought into one form.

The checks go from cheap to dear: bytes, kind, size from the header, and only then the pixels, so
that a hostile file costs little. Each refusal says what to change.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

import stagekit

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 64 * 1024 * 1024
LONGEST_SIDE = 16_000
MOST_PIXELS = 60_000_000
SHORTEST_SIDE = 256
WORKING_SIDE = 2048
"""The long side of the picture that the stages work on; larger ones are shrunk."""

_GIVE = "give a PNG, JPEG or WebP picture of at most 60 megapixels"


def opened(path: Path) -> tuple[Image.Image, str]:
    """The picture in a file, upright, in RGB, at most 2048 pixels a side; and its format.

    Refuses what is empty, truncated, not a picture, too large or too small.
    """
    size = path.stat().st_size
    if size == 0:
        raise stagekit.Refused("EmptyPicture", f"the input picture is empty (0 bytes): {_GIVE}")
    if size > MOST_BYTES:
        raise stagekit.Refused(
            "PictureTooLarge", f"the input picture has {size >> 20} MiB: give one of at most 64 MiB"
        )
    with _header(path) as image:
        _check_size(image.width, image.height)
        kind = image.format or "unknown"
        return _upright(_decoded(image)), kind


def _header(path: Path) -> Image.Image:
    # Pillow's own limit would only warn at our sizes; ours is checked right after.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise stagekit.Refused(
            "NotAPicture", f"the input is not a picture known here: {_GIVE}"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise stagekit.Refused("BrokenPicture", f"the input picture is broken: {_GIVE}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_size(width: int, height: int) -> None:
    if max(width, height) > LONGEST_SIDE:
        raise stagekit.Refused(
            "PictureTooLarge",
            f"the input picture has {width}x{height} pixels: at most {LONGEST_SIDE} a side,"
            " scale it down",
        )
    if width * height > MOST_PIXELS:
        raise stagekit.Refused(
            "PictureTooLarge",
            f"the input picture has {width * height / 1e6:.0f} megapixels: at most 60,"
            " scale it down",
        )
    if min(width, height) < SHORTEST_SIDE:
        raise stagekit.Refused(
            "PictureTooSmall",
            f"the input picture has {width}x{height} pixels: at least {SHORTEST_SIDE} a side",
        )
    if max(width, height) > 3 * min(width, height):
        raise stagekit.Refused(
            "PictureTooNarrow",
            f"the input picture has {width}x{height} pixels: crop it to 3:1 or less",
        )


def _decoded(image: Image.Image) -> Image.Image:
    try:
        # A JPEG decodes at half or a quarter of its size for a quarter of the time.
        image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise stagekit.Refused(
            "TruncatedPicture",
            "the input picture is truncated or damaged: save it again and upload the whole file",
        ) from error
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Shrunk first, so that all the rest works on little memory."""
    if image.mode.startswith("I") or image.mode == "F":
        deep = np.asarray(image, dtype=np.float32)
        image = Image.fromarray(np.clip(deep / 257, 0, 255).astype(np.uint8))
    clear = "A" in image.getbands() or "transparency" in image.info
    if image.mode not in {"RGB", "RGBA", "L"}:
        image = image.convert("RGBA" if clear else "RGB")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    if clear:
        image = image.convert("RGBA")
        sheet = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(sheet, image)
    return image.convert("RGB")


def fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture cut around its middle and scaled to exactly `size`."""
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)
