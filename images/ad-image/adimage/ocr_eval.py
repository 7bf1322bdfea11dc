"""Stage 7, `ocr_eval`: can the text be read back from the finished picture?

Where no stage has planned or set any text, all of the given picture is read.
"""

from __future__ import annotations

import stagefiles
from modelcalls import methods

import stagekit
from adimage import finished, outputs, overlay, planner, reader, texts
from adimage.arrays import Pixels, read_pixels
from adimage.error_rates import character_error_rate, word_error_rate
from adimage.geometry import around
from adimage.outputs import Language, OcrEval, Plan
from adimage.prompts import language_of

STAGE = "ocr_eval"


def builtin(picture: Pixels, plan: Plan) -> OcrEval:
    """Reads headline and subline, each around its planned place, with Tesseract."""
    lines: list[outputs.ReadLine] = []
    weights: list[tuple[float, int]] = []
    for style in plan.styles:
        boxes = [line.box for line in plan.lines if line.role == style.role]
        # Air of a third of the size: enough to find letters that have moved, less than the gap
        # to the next role and to the rule.
        part = around(boxes).grown(
            style.size * 0.3 if style.role == "headline" else style.size * 0.5
        )
        read = reader.read_text(picture, part, float(style.size), plan.language)
        lines.extend(read.lines)
        weights.append((read.confidence, max(len(read.text), 1)))
    wanted, text = plan.text(), "\n".join(line.text for line in lines)
    sure = sum(c * n for c, n in weights) / max(sum(n for _, n in weights), 1)
    return OcrEval(
        method=methods.BUILTIN,
        engine=reader.engine(),
        language=plan.language,
        planned=wanted,
        read=text,
        cer=round(character_error_rate(wanted, text), 4),
        wer=round(word_error_rate(wanted, text), 4),
        confidence=round(sure, 3),
        lines=lines,
    )


def of_finished(picture: Pixels, wanted: str, language: Language) -> OcrEval:
    """Reads a picture of which nobody says where its text is; skips the stage where it has none."""
    read = reader.find_text(picture, language)
    if not read.lines and not wanted:
        raise stagekit.Skip("NoText", "no text was found in the picture")
    return OcrEval(
        method=methods.BUILTIN,
        engine=reader.engine(),
        language=language,
        planned=wanted,
        read=read.text,
        cer=round(character_error_rate(wanted, read.text), 4) if wanted else None,
        wer=round(word_error_rate(wanted, read.text), 4) if wanted else None,
        confidence=read.confidence,
        lines=read.lines,
    )


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `ocr_eval.json`."""
    method = methods.chosen(ctx, METHODS)
    if stagefiles.is_left_by(ctx, planner.STAGE):
        plan = stagefiles.left_by(ctx, planner.STAGE, Plan)
        made = method(read_pixels(ctx.inputs.file(overlay.STAGE, overlay.PICTURE)), plan)
    else:
        wanted = finished.wanted_text(ctx)
        named = texts.language_named(ctx.param("lang", default=""))
        made = of_finished(finished.picture(ctx), wanted, named or language_of(wanted))
    stagefiles.write(ctx, STAGE, made)
    if made.cer is not None:
        ctx.value("cer", made.cer)
    ctx.value("read", made.read.replace("\n", " / ")[:80])
    ctx.value("confidence", made.confidence)
    ctx.value("method", made.method)
