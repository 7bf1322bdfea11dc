"""Stage 9, `iou_eval`: how far the found text is from the planned place.

Two comparisons a line: with the ink that `overlay` set (is the layout kept?), and with the box
that `ocr_eval` read it in (would a machine find it there?).
"""

from __future__ import annotations

import stagefiles
from modelcalls import methods

import stagekit
from adimage import ocr_eval, overlay, planner
from adimage.geometry import Box, iou
from adimage.outputs import IouEval, LineOverlap, OcrEval, Overlay, Plan

STAGE = "iou_eval"


def builtin(plan: Plan, made: Overlay, read: OcrEval) -> IouEval:
    """Intersection over union a line, and the means."""
    left = [line.box for line in read.lines]
    lines: list[LineOverlap] = []
    for n, line in enumerate(plan.lines):
        was_set = made.lines[n].box if n < len(made.lines) else None
        was_read = max(left, key=lambda box: iou(line.box, box), default=None)
        if was_read is not None and iou(line.box, was_read) > 0:
            left.remove(was_read)
        else:
            was_read = None
        lines.append(
            LineOverlap(
                line.role, line.text, line.box, was_set, was_read,
                _share(line.box, was_set), _share(line.box, was_read),
            )
        )  # fmt: skip
    count = max(len(lines), 1)
    return IouEval(
        method=methods.BUILTIN,
        mean_iou_set=round(sum(line.iou_set for line in lines) / count, 3),
        mean_iou_read=round(sum(line.iou_read for line in lines) / count, 3),
        lines=lines,
    )


def _share(planned: Box, other: Box | None) -> float:
    return 0.0 if other is None else round(iou(planned, other), 3)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `iou_eval.json`."""
    method = methods.chosen(ctx, METHODS)
    plan = stagefiles.left_by(ctx, planner.STAGE, Plan)
    made = stagefiles.left_by(ctx, overlay.STAGE, Overlay)
    read = stagefiles.left_by(ctx, ocr_eval.STAGE, OcrEval)
    measured = method(plan, made, read)
    stagefiles.write(ctx, STAGE, measured)
    ctx.value("iou_mean", measured.mean_iou_read)
    ctx.value("iou_set", measured.mean_iou_set)
    ctx.value("method", measured.method)
