"""Stage 6, `vlm_judge`: a verdict on the composed picture.

The built-in method is not a language model. It scores seven stated rules, each from 0 to 1 with
the sentence that says what was seen, and weighs them. Method `endpoint` shows the picture to the
vision endpoint, which scores the same rules; weights and threshold stay ours.
"""

from __future__ import annotations

from collections.abc import Callable

import modelcalls
import msgspec
import stagefiles
from modelcalls import methods

import stagekit
from adimage import endpoint_prompts, finished, outputs, planner, vlm_analyze, yolo_detect
from adimage.arrays import Pixels
from adimage.composition import Composition, composition
from adimage.geometry import Box, around, covered, overlap
from adimage.legibility import AA, AAA, seen
from adimage.outputs import Judged

STAGE = "vlm_judge"
PASSED = 0.7
"""The total from which a picture passes, if no rule of `MUST` is at 0."""
MUST = frozenset({"inside_frame", "off_product", "contrast"})


class Case(msgspec.Struct, frozen=True):
    """All that is judged: the composition, its plan, and what was found in the picture."""

    made: Composition
    plan: outputs.Plan
    found: list[outputs.Found] | None
    """None where nobody has looked for any."""
    salient: Box

    @property
    def frame(self) -> Box:
        """The whole picture."""
        return Box(0, 0, self.made.overlay.width, self.made.overlay.height)

    @property
    def text(self) -> Box:
        """The box around all text."""
        return around(line.box for line in self.made.overlay.lines)


def inside_frame(case: Case) -> Judged:
    """No letter is cut off."""
    share = covered(case.text, case.frame)
    sentence = (
        "all text is inside the frame" if share >= 1 else f"{1 - share:.0%} of the text is cut off"
    )
    return Judged("inside_frame", _cut(1 - 8 * (1 - share)), 3, sentence)


def off_product(case: Case) -> Judged:
    """No text stands on a person or an object."""
    boxes = [line.box for line in case.made.overlay.lines]
    area = sum(b.area for b in boxes) or 1.0
    found = case.found or []
    share = min(sum(overlap(b, f.box) for b in boxes for f in found) / area, 1.0)
    sentence = (
        "no text is over a product" if share == 0 else f"{share:.0%} of the text is over a product"
    )
    return Judged("off_product", _cut(1 - 3 * share), 3, sentence)


def contrast(case: Case) -> Judged:
    """The worst line's contrast: 0 at 3:1, 0.8 at AA, 1 at AAA."""
    lines = case.made.overlay.lines
    worst = min((seen(line, case.made.backing, case.made.ink).p5 for line in lines), default=1.0)
    score = (worst - 3) / (AA - 3) * 0.8 if worst < AA else 0.8 + 0.2 * (worst - AA) / (AAA - AA)
    return Judged("contrast", _cut(score), 3, f"the least contrast of a line is {worst:.1f}:1")


def margins(case: Case) -> Judged:
    """The text keeps away from the frame; 5 % of the short side is enough."""
    text, frame = case.text, case.frame
    least = min(text.x, text.y, frame.w - text.right, frame.h - text.bottom)
    share = least / min(frame.w, frame.h)
    return Judged(
        "margins", _cut(share / 0.05), 2, f"the smallest margin is {share:.1%} of the short side"
    )


def balance(case: Case) -> Judged:
    """Text and product together have their middle near the picture's."""
    parts = [case.text, *([case.salient] if case.salient.area else [])]
    weights = [p.area**0.5 for p in parts]
    total = sum(weights) or 1.0
    x = sum(p.centre[0] * w for p, w in zip(parts, weights, strict=True)) / total / case.frame.w
    y = sum(p.centre[1] * w for p, w in zip(parts, weights, strict=True)) / total / case.frame.h
    off = ((x - 0.5) ** 2 + (y - 0.5) ** 2) ** 0.5
    return Judged(
        "balance", _cut(1 - max(off - 0.08, 0) / 0.3), 1, f"the visual middle is {off:.0%} off"
    )


def headline_size(case: Case) -> Judged:
    """The headline can be read when the picture is a thumbnail of 320 pixels."""
    heads = [line.box.h for line in case.made.overlay.lines if line.role == "headline"]
    at_320 = min(heads, default=0.0) * 320 / max(case.frame.w, case.frame.h)
    return Judged(
        "headline_size",
        _cut(at_320 / 14),
        1,
        f"headline letters are {at_320:.0f} px high at 320 px",
    )


def hierarchy(case: Case) -> Judged:
    """Headline and subline differ clearly in size."""
    sizes = {style.role: style.size for style in case.plan.styles}
    if "subline" not in sizes:
        return Judged("hierarchy", 1.0, 1, "there is a headline only")
    ratio = sizes["headline"] / sizes["subline"]
    return Judged(
        "hierarchy", _cut((ratio - 1) / 0.6), 1, f"the headline is {ratio:.1f} times the subline"
    )


RULES: tuple[Callable[[Case], Judged], ...] = (
    inside_frame, off_product, contrast, margins, balance, headline_size, hierarchy,
)  # fmt: skip
"""All rules, in the order in which they are reported."""


def builtin(case: Case) -> outputs.VlmJudge:
    """The rules, measured; without what was looked for in the picture, one less."""
    rules = [rule for rule in RULES if rule is not off_product or case.found is not None]
    return _verdict(methods.BUILTIN, [rule(case) for rule in rules])


def by_endpoint(model: modelcalls.Model, case: Case, pixels: Pixels) -> outputs.VlmJudge:
    """The same rules, scored by the vision endpoint from the picture alone."""
    reply = model.ask(
        [
            modelcalls.system(endpoint_prompts.JUDGE),
            modelcalls.user(f"The text is: {case.plan.text()}", endpoint_prompts.small(pixels)),
        ],
        endpoint_prompts.verdict(),
    )
    judged: list[Judged] = []
    for known in (rule(case) for rule in RULES):
        opinion = getattr(reply, known.rule)
        judged.append(Judged(known.rule, _cut(opinion.score), known.weight, opinion.sentence))
    return _verdict(methods.ENDPOINT, judged, model.machine)


def _case(ctx: stagekit.Context) -> Case:
    made = composition(ctx)
    if not stagefiles.is_left_by(ctx, planner.STAGE):
        return Case(made, finished.plan(made.overlay), None, Box(0, 0, 0, 0))
    detected = stagefiles.left_by(ctx, yolo_detect.STAGE, outputs.YoloDetect)
    analyzed = stagefiles.left_by(ctx, vlm_analyze.STAGE, outputs.VlmAnalyze)
    plan = stagefiles.left_by(ctx, planner.STAGE, outputs.Plan)
    return Case(made, plan, detected.found, analyzed.salient_box)


def _verdict(method: str, judged: list[Judged], machine: str | None = None) -> outputs.VlmJudge:
    """The weighted mean of all rules; a rule of `MUST` at 0 fails the picture."""
    score = sum(j.score * j.weight for j in judged) / sum(j.weight for j in judged)
    broken = any(j.rule in MUST and j.score <= 0 for j in judged)
    passed = score >= PASSED and not broken
    return outputs.VlmJudge(method, round(score, 3), passed, rules=judged, machine=machine)


def _cut(score: float) -> float:
    return round(min(max(score, 0.0), 1.0), 3)


def run(ctx: stagekit.Context) -> None:
    """Writes `vlm_judge.json`."""
    case = _case(ctx)
    verdict = modelcalls.run(
        ctx,
        "vision",
        endpoint=lambda model: by_endpoint(model, case, case.made.picture),
        builtin=lambda: builtin(case),
    )
    stagefiles.write(ctx, STAGE, verdict)
    ctx.value("score", verdict.score)
    ctx.value("passed", verdict.passed)
    worst = min(verdict.rules, key=lambda j: j.score)
    # A model's sentence is a reply: it stays in the file.
    reason = f": {worst.sentence}" if verdict.method == methods.BUILTIN else ""
    ctx.value("weakest", f"{worst.rule}{reason}")
    ctx.value("method", verdict.method)
