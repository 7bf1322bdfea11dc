"""Stage 7, `ocr_eval`: can the text be read back from the finished picture?"""

from __future__ import annotations

import stagefiles
from modelcalls import methods

import stagekit
from adimage import outputs, overlay, planner, reader
from adimage.arrays import Pixels, read_pixels
from adimage.error_rates import character_error_rate, word_error_rate
from adimage.geometry import around
from adimage.outputs import OcrEval, Plan

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


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `ocr_eval.json`."""
    method = methods.chosen(ctx, METHODS)
    plan = stagefiles.left_by(ctx, planner.STAGE, Plan)
    made = method(read_pixels(ctx.inputs.file(overlay.STAGE, overlay.PICTURE)), plan)
    stagefiles.write(ctx, STAGE, made)
    ctx.value("cer", made.cer)
    ctx.value("read", made.read.replace("\n", " / ")[:80])
    ctx.value("confidence", made.confidence)
    ctx.value("method", made.method)
