"""Given pictures: checked by their header before they are decoded. In the child process only."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

import stagekit
from docpipe import limits

FORMATS: Final = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "HEIF")
_BROKEN: Final = "the picture is truncated or damaged: save it again and upload the whole file"


def opened(file: Path | IO[bytes]) -> Image.Image:
    """The picture's header; its pixels are not decoded yet."""
    import pi_heif  # noqa: PLC0415  (HEIC is rare, and PDFs come this way too)

    pi_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType]
    # Pillow's own limit would only warn at our sizes; ours is checked for each page.
    Image.MAX_IMAGE_PIXELS = None
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise stagekit.Refused("BrokenDocument", _BROKEN) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise stagekit.Refused("BrokenDocument", _BROKEN) from error


def frames(image: Image.Image) -> int:
    """How many pages the file has; an animation counts as its first picture."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def decoded(image: Image.Image, number: int, side: int = 0) -> Image.Image:
    """Page `number` upright, in grey or colour on white; about `side` pixels where that is less."""
    try:
        if image.format == "TIFF":
            image.seek(number - 1)
        _check(image.width, image.height)
        if side:
            image.draft("RGB", (side, side))
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise stagekit.Refused("BrokenDocument", _BROKEN) from error
    return _upright(image, side)


def _check(width: int, height: int) -> None:
    most = limits.MOST_PIXELS // 1_000_000
    if width * height > limits.MOST_PIXELS:
        raise stagekit.Refused(
            "PictureTooLarge",
            f"the picture has {width * height / 1e6:.0f} megapixels: at most {most}, scale it down",
        )
    if max(width, height) > limits.LONGEST_SIDE:
        raise stagekit.Refused(
            "PictureTooLarge",
            f"the picture has {width}x{height} pixels: at most {limits.LONGEST_SIDE} a side",
        )


def _upright(image: Image.Image, side: int) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = image.point(lambda shade: shade / 257).convert("L")
    clear = "A" in image.getbands() or "transparency" in image.info
    if image.mode not in {"RGB", "RGBA", "L", "LA"}:
        image = image.convert("RGBA" if clear else "RGB")
    if side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    if clear:
        image = image.convert("RGBA")
        sheet = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(sheet, image)
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")
