"""What the measuring stages read of `overlay`: the picture, its layers and its lines."""

from __future__ import annotations

import msgspec
import numpy as np
import stagefiles
from PIL import Image

import stagekit
from adimage import outputs, overlay
from adimage.arrays import Pixels, Plane, plane, read_pixels


class Composition(msgspec.Struct, frozen=True):
    """The composed picture, the same without text, and the text's ink from 0 to 1."""

    overlay: outputs.Overlay
    picture: Pixels
    backing: Pixels
    ink: Plane


def composition(ctx: stagekit.Context) -> Composition:
    """The composition of this run."""
    stage = overlay.STAGE
    made = stagefiles.left_by(ctx, stage, outputs.Overlay)
    with Image.open(ctx.inputs.file(stage, made.ink)) as image:
        ink = plane(np.asarray(image.convert("L"), dtype=np.float32) / 255)
    return Composition(
        made,
        read_pixels(ctx.inputs.file(stage, made.picture)),
        read_pixels(ctx.inputs.file(stage, made.backing)),
        ink,
    )
