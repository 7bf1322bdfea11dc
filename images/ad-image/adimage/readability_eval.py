"""Stage 8, `readability_eval`: WCAG contrast on the pixels behind the text."""

from __future__ import annotations

import stagefiles
from modelcalls import methods

import stagekit
from adimage.composition import Composition, composition
from adimage.legibility import seen
from adimage.outputs import LineContrast, ReadabilityEval

STAGE = "readability_eval"


def builtin(made: Composition) -> ReadabilityEval:
    """Measures every line; the totals are those of the worst line."""
    lines: list[LineContrast] = []
    for line in made.overlay.lines:
        s = seen(line, made.backing, made.ink)
        lines.append(
            LineContrast(line.role, line.text, s.minimum, s.p5, s.median, s.large, s.aa, s.aaa)
        )
    return ReadabilityEval(
        method=methods.BUILTIN,
        minimum=min((line.minimum for line in lines), default=1.0),
        p5=min((line.p5 for line in lines), default=1.0),
        median=min((line.median for line in lines), default=1.0),
        aa=bool(lines) and all(line.aa for line in lines),
        aaa=bool(lines) and all(line.aaa for line in lines),
        lines=lines,
    )


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `readability_eval.json`."""
    method = methods.chosen(ctx, METHODS)
    made = method(composition(ctx))
    stagefiles.write(ctx, STAGE, made)
    ctx.value("contrast_min", made.minimum)
    ctx.value("contrast_p5", made.p5)
    ctx.value("contrast_median", made.median)
    ctx.value("wcag", "AAA" if made.aaa else "AA" if made.aa else "fails")
    ctx.value("method", made.method)
