"""Which way a page lies, by Tesseract's own data for it (Debian's `tesseract-ocr-osd`)."""

from __future__ import annotations

from typing import Final, cast

import tesseract
import tesserocr
from PIL import Image

LEAST: Final = 1.0
"""Tesseract's least certainty about a direction: upright pages reach some ten."""


def of(page: Image.Image) -> int | None:
    """Degrees by which to turn the page to the left; None where it cannot be said."""
    with tesseract.opened("osd", tesserocr.PSM.OSD_ONLY) as api:
        api.SetImage(page)  # pyright: ignore[reportUnknownMemberType]
        found = cast("dict[str, float] | None", api.DetectOrientationScript())  # pyright: ignore[reportUnknownMemberType]
    if found is None or found["orient_conf"] < LEAST:
        return None
    return int(found["orient_deg"]) % 360
