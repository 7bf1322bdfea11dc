"""What the measuring stages read of `overlay`: the picture, its layers and its lines.

In a run without `overlay` they are found in the finished picture.
"""

from __future__ import annotations

import msgspec
import numpy as np
import stagefiles
from PIL import Image

import stagekit
from adimage import finished, ocr_eval, outputs, overlay
from adimage.arrays import Pixels, Plane, plane, read_pixels


class Composition(msgspec.Struct, frozen=True):
    """The composed picture, the same without text, and the text's ink from 0 to 1."""

    overlay: outputs.Overlay
    picture: Pixels
    backing: Pixels
    ink: Plane


def composition(ctx: stagekit.Context) -> Composition:
    """The composition of this run; skips the stage where a finished picture has no text."""
    stage = overlay.STAGE
    if not stagefiles.is_left_by(ctx, stage):
        return _of_finished(ctx)
    made = stagefiles.left_by(ctx, stage, outputs.Overlay)
    with Image.open(ctx.inputs.file(stage, made.ink)) as image:
        ink = plane(np.asarray(image.convert("L"), dtype=np.float32) / 255)
    return Composition(
        made,
        read_pixels(ctx.inputs.file(stage, made.picture)),
        read_pixels(ctx.inputs.file(stage, made.backing)),
        ink,
    )


def _of_finished(ctx: stagekit.Context) -> Composition:
    if not stagefiles.is_left_by(ctx, ocr_eval.STAGE):
        raise stagekit.Skip("NoText", "no text was found in the picture")
    read = stagefiles.left_by(ctx, ocr_eval.STAGE, outputs.OcrEval)
    pixels = finished.picture(ctx)
    made, backing, ink = finished.layers(pixels, read.lines)
    return Composition(made, pixels, backing, ink)
