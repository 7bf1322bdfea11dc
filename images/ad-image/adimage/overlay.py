"""Stage 5, `overlay`: sets the planned text into the picture."""

from __future__ import annotations

import msgspec
import stagefiles
from modelcalls import methods
from PIL import Image, ImageChops, ImageDraw, ImageFilter

import stagekit
from adimage import img_gen, outputs, planner, yolo_detect
from adimage.arrays import image_of, read_pixels, save_png
from adimage.colours import from_hex
from adimage.geometry import Box, covered
from adimage.lettering import line_mask
from adimage.outputs import Overlay, Plan, Scrim, SetLine

STAGE = "overlay"
PICTURE = "composed.png"
BACKING = "backing.png"
INK = "ink.png"
OVERSAMPLING = 4


class Composed(msgspec.Struct, frozen=True):
    """The composed picture, the same without text, the text as a mask, and its lines."""

    picture: Image.Image
    backing: Image.Image
    ink: Image.Image
    lines: list[SetLine]


def builtin(image: Image.Image, plan: Plan) -> Composed:
    """Sets the text with Pillow; boxes are measured on the ink that was really drawn."""
    backing = image.copy()
    if plan.scrim is not None:
        _lay_scrim(backing, plan.scrim)
    if plan.rule is not None:
        _paint(backing, _bar(image.size, plan.rule), plan.accent)
    picture, ink = backing.copy(), Image.new("L", image.size, 0)
    styles = {s.role: s for s in plan.styles}
    lines: list[SetLine] = []
    for line in plan.lines:
        style = styles[line.role]
        mask = line_mask(image.size, line.text, style.font, style.size, (line.x, line.baseline))
        _paint(picture, mask, style.colour)
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
        lines.append(
            SetLine(line.role, line.text, Box(left, top, right - left, bottom - top), style.colour)
        )
        ink = ImageChops.lighter(ink, mask)
    return Composed(picture, backing, ink, lines)


def _paint(picture: Image.Image, mask: Image.Image, colour: str) -> None:
    picture.paste(from_hex(colour), (0, 0), mask)


def _bar(size: tuple[int, int], box: Box) -> Image.Image:
    """A bar with round ends and soft edges, as a mask."""
    return _rounded_box(size, box, box.h / 2)


def _rounded_box(size: tuple[int, int], box: Box, radius: float) -> Image.Image:
    left, top = int(box.x) - 1, int(box.y) - 1
    w, h = int(box.w) + 4, int(box.h) + 4
    part = Image.new("L", (w * OVERSAMPLING, h * OVERSAMPLING), 0)
    inner = box.moved(-left, -top).scaled(OVERSAMPLING)
    corners = (inner.x, inner.y, inner.right - 1, inner.bottom - 1)
    ImageDraw.Draw(part).rounded_rectangle(corners, radius * OVERSAMPLING, fill=255)
    mask = Image.new("L", size, 0)
    mask.paste(part.resize((w, h), Image.Resampling.BOX), (left, top))
    return mask


def _lay_scrim(picture: Image.Image, scrim: Scrim) -> None:
    """A panel of frosted glass: the picture behind it is blurred, then tinted."""
    mask = _rounded_box(picture.size, scrim.box, scrim.radius)
    soft = picture.filter(ImageFilter.GaussianBlur(min(picture.size) * 0.012))
    tint = Image.new("RGB", picture.size, from_hex(scrim.colour))
    picture.paste(Image.blend(soft, tint, scrim.alpha), (0, 0), mask)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `composed.png`, `backing.png`, `ink.png` and `overlay.json`."""
    method = methods.chosen(ctx, METHODS)
    image = image_of(read_pixels(ctx.inputs.file(img_gen.STAGE, img_gen.PICTURE)))
    plan = stagefiles.left_by(ctx, planner.STAGE, Plan)
    detected = stagefiles.left_by(ctx, yolo_detect.STAGE, outputs.YoloDetect)
    made = method(image, plan)
    save_png(ctx.outputs / PICTURE, made.picture)
    save_png(ctx.outputs / BACKING, made.backing)
    save_png(ctx.outputs / INK, made.ink)
    shares = [covered(line.box, thing.box) for line in made.lines for thing in detected.found]
    output = Overlay(
        method=ctx.method_used,
        width=image.width,
        height=image.height,
        lines=made.lines,
        on_product=round(max(shares, default=0.0), 3),
    )
    stagefiles.write(ctx, STAGE, output)
    ctx.value("lines", len(made.lines))
    ctx.value("on_product", output.on_product)
    ctx.value("method", output.method)
