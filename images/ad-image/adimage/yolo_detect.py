"""Stage 3, `yolo_detect`: people and objects.

The name is that of the pipeline that this one replaces. The built-in method is not a YOLO network
and says so: people by OpenCV's histogram-of-gradients detector, objects as what stands out from
the background (saliency, then GrabCut). It tells a person from an object and nothing finer. Method
`onnx` is a network: the one in the folder that the pipeline names, with its own labels.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import cv2
import msgspec
import numpy as np
import stagefiles
from modelcalls import methods
from PIL import Image, ImageDraw

import stagekit
from adimage import img_gen, onnx_detector, outputs
from adimage.arrays import Pixels, Plane, image_of, plane, read_pixels, save_png
from adimage.geometry import Box, around, covered, iou, overlap, rounded
from adimage.saliency import border_distance, saliency, shrunk

STAGE = "yolo_detect"
PICTURE = "detections.png"
PEOPLE = "opencv-hog-people"
OBJECTS = "saliency-grabcut"
NETWORK = "onnx"
NOTE = "no neural network: people by gradients, objects as what stands out; kinds are not named"
NETWORK_NOTE = "a network of the pipeline's own: labels and scores are as its authors made them"

REACH = 0.14
"""How far from its body, as a share of the long side, an object's outlined parts may lie."""
LEAST_OUTLINE = 6
"""Pixels of the small picture below which an outline is noise."""
MOST_OBJECTS = 5
SMALLEST_OBJECT = 0.006
NEAR = 0.05
"""Parts closer than this share of the picture's long side are one object."""
PEOPLE_SIDE = 640
SURE_PERSON = 1.1
"""HOG's margin below which it sees people in chairs and bottles."""


def builtin(pixels: Pixels) -> list[outputs.Found]:
    """People first, then objects, the surest first within each."""
    objects = _objects(pixels)
    people = [p for p in _people(pixels) if not any(_is_part(p.box, o.box) for o in objects)]
    return people + [o for o in objects if not any(iou(o.box, p.box) > 0.5 for p in people)]


def _is_part(person: Box, thing: Box) -> bool:
    """True where an upright "person" is a piece of a much wider thing, such as a shoe's heel."""
    return covered(person, thing) > 0.7 and thing.w > thing.h and thing.w > 2 * person.w


def _people(pixels: Pixels) -> list[outputs.Found]:
    small = shrunk(pixels, PEOPLE_SIDE)
    back = pixels.shape[1] / small.shape[1]
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float32))
    rects, weights = hog.detectMultiScale(small, winStride=(8, 8), padding=(8, 8), scale=1.08)
    detections: list[outputs.Found] = []
    for (x, y, w, h), weight in zip(rects, np.ravel(weights), strict=True):
        if weight < SURE_PERSON:
            continue
        # The detector's window has a margin around the person of about an eighth on each side.
        left, top, wide, high = float(x), float(y), float(w), float(h)
        body = Box(left + wide * 0.13, top + high * 0.06, wide * 0.74, high * 0.88).scaled(back)
        score = round(float(1 - np.exp(-weight)), 3)
        detections.append(outputs.Found("person", rounded(body), score, PEOPLE))
    return _apart(sorted(detections, key=lambda f: -f.score))


def _apart(detections: list[outputs.Found]) -> list[outputs.Found]:
    """Without those that mostly lie in a surer one."""
    kept: list[outputs.Found] = []
    for one in detections:
        if all(iou(one.box, k.box) < 0.4 and covered(one.box, k.box) < 0.75 for k in kept):
            kept.append(one)
    return kept


def _objects(pixels: Pixels) -> list[outputs.Found]:
    small = shrunk(pixels)
    back = pixels.shape[1] / small.shape[1]
    body = _cut_out(small, plane(0.5 * saliency(small) + 0.5 * border_distance(small)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    strength = saliency(small)
    detections: list[outputs.Found] = []
    for label in range(1, count):
        x, y, w, h, area = (float(v) for v in stats[label])
        if area < SMALLEST_OBJECT * body.size or w > 0.98 * body.shape[1]:
            continue
        score = round(float(strength[labels == label].mean()), 3)
        detections.append(outputs.Found("object", Box(x, y, w, h), score, OBJECTS))
    joined = [_completed(f, small) for f in _joined(detections, gap=NEAR * max(body.shape))]
    joined = _joined(joined, gap=1)
    whole = [msgspec.structs.replace(f, box=rounded(f.box.scaled(back))) for f in joined]
    return sorted(whole, key=lambda f: -f.box.area)[:MOST_OBJECTS]


def _completed(one: outputs.Found, small: Pixels) -> outputs.Found:
    """With the outlined parts close by that have the background's colour, such as a white bow.

    An outline that leads farther away is of something else: a horizon, a table's edge.
    """
    reach = one.box.grown(REACH * max(small.shape[:2])).inside(small.shape[1], small.shape[0])
    edges = cv2.Canny(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), 40, 100)
    rows, columns = one.box.slices()
    edges[rows, columns] = 0
    count, _, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    parts = [one.box]
    for label in range(1, count):
        x, y, w, h, area = (float(v) for v in stats[label])
        outline = Box(x, y, w, h)
        near = overlap(one.box.grown(2), outline) > 0 and area > LEAST_OUTLINE
        if near and covered(outline, reach.grown(-1)) > 0.999:
            parts.append(outline)
    return msgspec.structs.replace(one, box=around(parts))


def _joined(detections: list[outputs.Found], gap: float) -> list[outputs.Found]:
    """Parts that nearly touch as one: a white ribbon must not cut a red box into two."""
    rest, whole = list(detections), list[outputs.Found]()
    while rest:
        one = rest.pop()
        near = [r for r in rest if overlap(one.box.grown(gap), r.box) > 0]
        if not near:
            whole.append(one)
            continue
        rest = [r for r in rest if r not in near]
        parts = [one, *near]
        box, score = around(p.box for p in parts), max(p.score for p in parts)
        rest.append(msgspec.structs.replace(one, box=box, score=score))
    return whole


def _cut_out(small: Pixels, strength: Plane) -> cv2.typing.MatLike:
    """1 where an object is: sure seeds by strength, their outline by GrabCut."""
    level, _ = cv2.threshold((strength * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    middle = max(float(level) / 255, 0.25)
    mask = np.full(strength.shape, cv2.GC_BGD, dtype=np.uint8)
    mask[strength > middle * 0.45] = cv2.GC_PR_BGD
    mask[strength > middle] = cv2.GC_PR_FGD
    mask[strength > min(middle * 1.5, 0.9)] = cv2.GC_FGD
    seeds = {int(v) for v in np.unique(mask)}
    if seeds.isdisjoint({cv2.GC_FGD, cv2.GC_PR_FGD}) or seeds.isdisjoint(
        {cv2.GC_BGD, cv2.GC_PR_BGD}
    ):
        return np.zeros_like(mask)
    cv2.setRNGSeed(1)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(bgr, mask, None, *models, 4, cv2.GC_INIT_WITH_MASK)  # pyright: ignore[reportCallIssue, reportArgumentType]
    body = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, kernel, iterations=2)
    return cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel)


def by_network(ctx: stagekit.Context, pixels: Pixels) -> outputs.YoloDetect:
    """What the pipeline's own network finds; refuses a model that is absent or does not fit."""
    seen = onnx_detector.Detector(ctx.model_folder()).detected(pixels)
    detections = [outputs.Found(_kind(s.label), s.box, s.score, NETWORK, s.label) for s in seen]
    counts = Counter(thing.label for thing in detections)
    ctx.value("labels", ", ".join(f"{label} {count}" for label, count in counts.most_common(8)))
    return outputs.YoloDetect(methods.ONNX, [NETWORK], detections, NETWORK_NOTE, PICTURE)


def _kind(label: str) -> Literal["person", "object"]:
    return "person" if label.casefold() == "person" else "object"


def _without_network(_: stagekit.Context, pixels: Pixels) -> outputs.YoloDetect:
    detections = builtin(pixels)
    return outputs.YoloDetect(methods.BUILTIN, [PEOPLE, OBJECTS], detections, NOTE, PICTURE)


METHODS = {methods.BUILTIN: _without_network, methods.ONNX: by_network}


def run(ctx: stagekit.Context) -> None:
    """Writes `yolo_detect.json` and `detections.png`, the picture with the boxes drawn in."""
    method = methods.chosen(ctx, METHODS)
    pixels = read_pixels(ctx.inputs.file(img_gen.STAGE, img_gen.PICTURE))
    made = method(ctx, pixels)
    detections = made.found
    stagefiles.write(ctx, STAGE, made)
    save_png(ctx.outputs / PICTURE, _with_boxes(pixels, detections))
    ctx.value("people", sum(f.kind == "person" for f in detections))
    ctx.value("objects", sum(f.kind == "object" for f in detections))
    ctx.value("method", ctx.method_used)


def _with_boxes(pixels: Pixels, detections: list[outputs.Found]) -> Image.Image:
    image = image_of(pixels)
    draw = ImageDraw.Draw(image)
    width = max(round(min(image.size) / 240), 2)
    for f in detections:
        colour = (255, 64, 96) if f.kind == "person" else (0, 160, 120)
        draw.rectangle((f.box.x, f.box.y, f.box.right, f.box.bottom), outline=colour, width=width)
    return image
