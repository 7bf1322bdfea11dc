"""Stage 2, `vlm_analyze`: what the picture looks like.

The built-in method measures: dominant colours (k-means in Lab), brightness and contrast,
saliency, and free areas for text. It describes nothing in words. Method `endpoint` measures the
same and has the vision endpoint say in words what is in the picture.
"""

from __future__ import annotations

import modelcalls
import msgspec
import numpy as np
import stagefiles
from modelcalls import methods

import stagekit
from adimage import endpoint_prompts, img_gen, outputs
from adimage.arrays import Pixels, Plane, image_of, plane, read_pixels, save_png
from adimage.colours import lab_of, luminance_of, rgb_of_lab, to_hex
from adimage.free_areas import free_areas
from adimage.geometry import Box, rounded
from adimage.saliency import kmeans, saliency, shrunk

STAGE = "vlm_analyze"
SALIENCY_PICTURE = "saliency.png"
COLOURS = 6
SALIENT = 0.45


def builtin(pixels: Pixels) -> tuple[outputs.VlmAnalyze, Plane]:
    """The measurements of a picture, and its saliency."""
    height, width = pixels.shape[:2]
    drawn_to = saliency(pixels)
    light = luminance_of(shrunk(pixels))
    measured = outputs.VlmAnalyze(
        method=methods.BUILTIN,
        colours=dominant_colours(pixels),
        brightness=round(float(light.mean()), 3),
        contrast=round(float(light.std()), 3),
        colourfulness=round(_colourfulness(pixels), 1),
        salient_box=rounded(_salient_box(drawn_to).scaled(width / drawn_to.shape[1])),
        free_areas=free_areas(drawn_to, width, height),
        saliency_picture=SALIENCY_PICTURE,
    )
    return measured, drawn_to


def dominant_colours(pixels: Pixels) -> list[outputs.Swatch]:
    """Six colours and their shares, the largest first."""
    centres, labels = kmeans(lab_of(shrunk(pixels, 128)).reshape(-1, 3), COLOURS)
    shares = np.bincount(labels, minlength=len(centres)) / len(labels)
    swatches = [
        outputs.Swatch(
            to_hex(rgb_of_lab((float(c[0]), float(c[1]), float(c[2])))), round(float(s), 3)
        )
        for c, s in zip(centres, shares, strict=True)
    ]
    return sorted(swatches, key=lambda s: -s.share)


def _colourfulness(pixels: Pixels) -> float:
    """Hasler and Suesstrunk's measure: 0 for grey, about 100 for very colourful pictures."""
    r, g, b = (plane(shrunk(pixels)[..., i]) for i in range(3))
    rg, yb = r - g, (r + g) / 2 - b
    spread = float(np.hypot(rg.std(), yb.std()))
    return spread + 0.3 * float(np.hypot(rg.mean(), yb.mean()))


def _salient_box(drawn_to: Plane) -> Box:
    """The box that holds the middle 96 % of what is salient, on the saliency's own grid."""
    strong = np.where(drawn_to > SALIENT, drawn_to, 0)
    if not strong.any():
        return Box(0, 0, 0, 0)
    ends: list[tuple[int, int]] = []
    for axis in (0, 1):
        share = np.cumsum(strong.sum(axis=axis)) / strong.sum()
        ends.append((int(np.searchsorted(share, 0.02)), int(np.searchsorted(share, 0.98)) + 1))
    (left, right), (top, bottom) = ends
    return Box(left, top, right - left, bottom - top)


def by_endpoint(model: modelcalls.Model, pixels: Pixels) -> tuple[outputs.VlmAnalyze, Plane]:
    """The measurements, and the vision endpoint's words."""
    reply = model.ask(
        [
            modelcalls.system(endpoint_prompts.DESCRIBE),
            modelcalls.user("The picture:", endpoint_prompts.small(pixels)),
        ],
        endpoint_prompts.description(),
    )
    measured, drawn_to = builtin(pixels)
    words = outputs.Described(reply.subject, reply.description, reply.mood)
    method, machine = methods.ENDPOINT, model.machine
    named = msgspec.structs.replace(measured, method=method, machine=machine, described=words)
    return named, drawn_to


def run(ctx: stagekit.Context) -> None:
    """Writes `vlm_analyze.json` and `saliency.png` (white is salient)."""
    pixels = read_pixels(ctx.inputs.file(img_gen.STAGE, img_gen.PICTURE))
    measured, drawn_to = modelcalls.run(
        ctx,
        "vision",
        endpoint=lambda model: by_endpoint(model, pixels),
        builtin=lambda: builtin(pixels),
    )
    stagefiles.write(ctx, STAGE, measured)
    shown = np.repeat((drawn_to[..., None] * 255).astype(np.uint8), 3, axis=2)
    save_png(ctx.outputs / SALIENCY_PICTURE, image_of(shown).convert("L"))
    ctx.value("brightness", measured.brightness)
    ctx.value("free_areas", len(measured.free_areas))
    ctx.value("main_colour", measured.colours[0].colour)
    ctx.value("method", measured.method)
