"""What each stage writes as JSON: the types, from which the published schemas are made.

A stage's file is `<stage>.json`, and `stagefiles` writes and reads it. `machine` is the class that
a model endpoint runs on, where one did the work.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from adimage.geometry import Box

Role = Literal["headline", "subline"]
Align = Literal["left", "center", "right"]
Language = Literal["eng", "kor"]


class Refit(msgspec.Struct, frozen=True):
    """How a given picture was changed before the pipeline's work on it."""

    width: int
    height: int
    format: str


class ImgGen(msgspec.Struct, frozen=True):
    """`img_gen.json`: the picture that all later stages work on."""

    method: str
    origin: Literal["drawn", "given", "generated"]
    width: int
    height: int
    prompt: str
    product: str | None
    product_box: Box | None
    palette: list[str]
    background: str | None
    given: Refit | None = None
    picture: str = "image.png"
    machine: str | None = None


class Swatch(msgspec.Struct, frozen=True):
    """A dominant colour and the share of the picture that it covers."""

    colour: str
    share: float


class FreeArea(msgspec.Struct, frozen=True):
    """A large calm rectangle; `saliency` is its mean, from 0 to 1."""

    box: Box
    share: float
    saliency: float


class Described(msgspec.Struct, frozen=True):
    """What a model endpoint says of the picture."""

    subject: str
    description: str
    mood: str


class VlmAnalyze(msgspec.Struct, frozen=True):
    """`vlm_analyze.json`: what the picture looks like, measured by whatever method.

    Method `endpoint` adds `described`; the numbers are measured all the same.
    """

    method: str
    colours: list[Swatch]
    brightness: float
    contrast: float
    colourfulness: float
    salient_box: Box
    free_areas: list[FreeArea]
    saliency_picture: str = "saliency.png"
    described: Described | None = None
    machine: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A person or an object; `score` is from 0 to 1 and comparable within one detector only.

    `label` is the word that a model's own list has for it; without a model nothing is named.
    """

    kind: Literal["person", "object"]
    box: Box
    score: float
    detector: str
    label: str = ""


class YoloDetect(msgspec.Struct, frozen=True):
    """`yolo_detect.json`: people and objects, and by what they were found."""

    method: str
    detectors: list[str]
    found: list[Found]
    note: str
    picture: str = "detections.png"


class PlannedLine(msgspec.Struct, frozen=True):
    """A line of text: `box` is its ink, `x` and `baseline` are where a pen would begin."""

    role: Role
    text: str
    box: Box
    x: float
    baseline: float


class TextStyle(msgspec.Struct, frozen=True):
    """How one role is set; `size` in pixels."""

    role: Role
    font: str
    size: int
    colour: str


class Scrim(msgspec.Struct, frozen=True):
    """A translucent panel behind the text, where the picture alone gives too little contrast."""

    box: Box
    colour: str
    alpha: float
    radius: float


class Plan(msgspec.Struct, frozen=True):
    """`planner.json`: which text stands where and how."""

    method: str
    language: Language
    headline: str
    subline: str
    align: Align
    margin: float
    area: Box
    lines: list[PlannedLine]
    styles: list[TextStyle]
    rule: Box | None
    accent: str
    scrim: Scrim | None
    contrast: float
    reason: str
    machine: str | None = None

    def text(self) -> str:
        """All lines, from top to bottom."""
        return "\n".join(line.text for line in self.lines)


class SetLine(msgspec.Struct, frozen=True):
    """A line as it was set; `box` is the ink that was really drawn."""

    role: Role
    text: str
    box: Box
    colour: str


class Overlay(msgspec.Struct, frozen=True):
    """`overlay.json`: the composed picture and the text in it.

    `backing` is the picture with its scrim and without text, `ink` is the text alone as a mask.
    """

    method: str
    width: int
    height: int
    lines: list[SetLine]
    on_product: float
    picture: str = "composed.png"
    backing: str = "backing.png"
    ink: str = "ink.png"


class Judged(msgspec.Struct, frozen=True):
    """One rule with its score from 0 to 1, its weight, and a sentence on what was seen."""

    rule: str
    score: float
    weight: float
    sentence: str


class VlmJudge(msgspec.Struct, frozen=True):
    """`vlm_judge.json`: the verdict by stated rules; by method `endpoint` a model scores them."""

    method: str
    score: float
    passed: bool
    rules: list[Judged]
    machine: str | None = None


class ReadLine(msgspec.Struct, frozen=True):
    """A line that the reader found; `confidence` from 0 to 1."""

    text: str
    box: Box
    confidence: float


class OcrEval(msgspec.Struct, frozen=True):
    """`ocr_eval.json`: what can be read back, and how far it is from the plan.

    Of a finished picture `planned` is what the params say; without that there are no error rates.
    """

    method: str
    engine: str
    language: Language
    planned: str
    read: str
    cer: float | None
    wer: float | None
    confidence: float
    lines: list[ReadLine]


class LineContrast(msgspec.Struct, frozen=True):
    """WCAG contrast of one line against the pixels behind and around its ink."""

    role: Role
    text: str
    minimum: float
    p5: float
    median: float
    large: bool
    aa: bool
    aaa: bool


class ReadabilityEval(msgspec.Struct, frozen=True):
    """`readability_eval.json`: contrast of the text, worst line first in the totals."""

    method: str
    minimum: float
    p5: float
    median: float
    aa: bool
    aaa: bool
    lines: list[LineContrast]


class LineOverlap(msgspec.Struct, frozen=True):
    """Intersection over union of a planned line with what was set and what was read."""

    role: Role
    text: str
    planned: Box
    set: Box | None
    read: Box | None
    iou_set: float
    iou_read: float


class IouEval(msgspec.Struct, frozen=True):
    """`iou_eval.json`: how far the found text boxes are from the planned ones."""

    method: str
    mean_iou_set: float
    mean_iou_read: float
    lines: list[LineOverlap]


OUTPUTS: dict[str, type[msgspec.Struct]] = {
    "img_gen": ImgGen,
    "vlm_analyze": VlmAnalyze,
    "yolo_detect": YoloDetect,
    "planner": Plan,
    "overlay": Overlay,
    "vlm_judge": VlmJudge,
    "ocr_eval": OcrEval,
    "readability_eval": ReadabilityEval,
    "iou_eval": IouEval,
}
"""The type of each stage's JSON, in the order of the stages."""
