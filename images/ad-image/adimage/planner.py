"""Stage 4, `planner`: which text stands where, how large, and in which colour.

It reads what the stages before it measured and decides; it draws nothing. Method `endpoint` has
the chat endpoint write the words that the params leave open; the same rules place them.
"""

from __future__ import annotations

from dataclasses import dataclass

import modelcalls
import msgspec
import numpy as np
import stagefiles
from modelcalls import methods
from PIL import Image

import stagekit
from adimage import endpoint_prompts, img_gen, outputs, texts, vlm_analyze, yolo_detect
from adimage.arrays import Pixels, Plane, plane, read_pixels
from adimage.colours import to_hex
from adimage.geometry import Box, around, rounded
from adimage.ink_colours import Ink, ink_for
from adimage.lettering import FONTS
from adimage.outputs import Plan, PlannedLine, Scrim, TextStyle
from adimage.placement import Place, best_place, ground
from adimage.texts import Texts

STAGE = "planner"


@dataclass(frozen=True)
class Scene:
    """What the stages before it have found out about the picture."""

    pixels: Pixels
    saliency: Plane
    seen: outputs.VlmAnalyze
    detected: outputs.YoloDetect


def builtin(wanted: Texts, scene: Scene) -> Plan:
    """The best plan by the rules of `placement` and `ink_colours`; refuses text that cannot fit."""
    on = ground(scene.pixels, scene.saliency, [f.box for f in scene.detected.found])
    place = best_place(wanted, on)
    if place is None:
        raise stagekit.Refused(
            "TextTooLong",
            "the text does not fit the picture at a readable size: shorten the headline",
        )
    lines = place.block.placed(place.area.x, place.area.y, place.align)
    panel = _panel(place, on.width, on.height)
    ink = ink_for(scene.pixels[panel.slices()], scene.seen.colours)
    return Plan(
        method=methods.BUILTIN,
        language=wanted.language,
        headline=wanted.headline,
        subline=wanted.subline,
        align=place.align,
        margin=round(on.margin, 1),
        area=rounded(place.area),
        lines=[_rounded(line) for line in lines],
        styles=_styles(wanted, place, ink),
        rule=rounded(place.block.rule_at(place.area.x, place.area.y, place.align)),
        accent=to_hex(ink.accent),
        scrim=_scrim(panel, ink, place.block.headline_size),
        contrast=ink.contrast,
        reason=_reason(place, ink, len(scene.detected.found)),
    )


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, scene: Scene) -> Plan:
    """The chat endpoint's words, placed by the built-in rules; what the params give is kept."""
    language = {"eng": "English", "kor": "Korean"}[_texts(ctx).language]
    about = [f"Language: {language}", f"Wanted: {ctx.param('prompt', default='')}"]
    if scene.seen.described is not None:
        about.append(f"The picture: {scene.seen.described.description}")
    reply = model.ask(
        [modelcalls.system(endpoint_prompts.WRITE), modelcalls.user("\n".join(about))],
        endpoint_prompts.words(),
    )
    headline = ctx.param("headline", default="").strip() or reply.headline
    subline = ctx.param("subline", default="").strip() or reply.subline
    try:
        wanted = texts.chosen("", headline, subline, ctx.param("lang", default=""))
        plan = builtin(wanted, scene)
    except stagekit.Refused as refused:
        # Its words, not the run's input, are at fault: another attempt may fit.
        raise modelcalls.ReplyInvalid(f"the chat reply's words: {refused.reason}") from None
    return msgspec.structs.replace(plan, method=methods.ENDPOINT, machine=model.machine)


def _texts(ctx: stagekit.Context) -> Texts:
    return texts.chosen(
        ctx.param("prompt", default=""),
        ctx.param("headline", default=""),
        ctx.param("subline", default=""),
        ctx.param("lang", default=""),
    )


def _panel(place: Place, width: int, height: int) -> Box:
    """The block with the air around it that a scrim covers, within the frame."""
    pad = place.block.headline_size * 0.45
    return place.area.grown(pad).inside(width, height)


def _styles(wanted: Texts, place: Place, ink: Ink) -> list[TextStyle]:
    head = TextStyle(
        "headline",
        FONTS[wanted.language, "headline"],
        place.block.headline_size,
        to_hex(ink.headline),
    )
    if not wanted.subline:
        return [head]
    name = FONTS[wanted.language, "subline"]
    return [head, TextStyle("subline", name, place.block.subline_size, to_hex(ink.subline))]


def _scrim(panel: Box, ink: Ink, size: int) -> Scrim | None:
    if ink.scrim is None:
        return None
    colour, alpha = ink.scrim
    return Scrim(rounded(panel), to_hex(colour), alpha, round(size * 0.3, 1))


def _rounded(line: PlannedLine) -> PlannedLine:
    return PlannedLine(
        line.role, line.text, rounded(line.box, 2), round(line.x, 2), round(line.baseline, 2)
    )


def _reason(place: Place, ink: Ink, things: int) -> str:
    where = f"over none of {things} found" if place.on_things == 0 else "partly over what was found"
    panel = "no scrim needed" if ink.scrim is None else f"scrim of {ink.scrim[1]:.0%}"
    return f"{where}, unrest {place.unrest:.2f}, contrast {ink.contrast:.1f}, {panel}"


def run(ctx: stagekit.Context) -> None:
    """Writes `planner.json` from the params and the three stages before it."""
    wanted = _texts(ctx)
    pixels = read_pixels(ctx.inputs.file(img_gen.STAGE, img_gen.PICTURE))
    seen = stagefiles.left_by(ctx, vlm_analyze.STAGE, outputs.VlmAnalyze)
    detected = stagefiles.left_by(ctx, yolo_detect.STAGE, outputs.YoloDetect)
    with Image.open(ctx.inputs.file(vlm_analyze.STAGE, seen.saliency_picture)) as image:
        saliency = plane(np.asarray(image.convert("L"), dtype=np.float32) / 255)
    scene = Scene(pixels, saliency, seen, detected)
    plan = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: by_endpoint(model, ctx, scene),
        builtin=lambda: builtin(wanted, scene),
    )
    stagefiles.write(ctx, STAGE, plan)
    box = around(line.box for line in plan.lines)
    ctx.value("headline", plan.headline)
    ctx.value("place", f"{box.w:.0f}x{box.h:.0f} at {box.x:.0f},{box.y:.0f}")
    ctx.value("contrast", plan.contrast)
    ctx.value("scrim", plan.scrim is not None)
    ctx.value("method", plan.method)
