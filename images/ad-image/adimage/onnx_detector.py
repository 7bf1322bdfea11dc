"""A detector from a model's folder: its network's table of boxes becomes boxes in the picture.

1. The picture is brought to the network's size: whole, with grey margins (`letterbox`), or
   stretched.
2. The table has a row a box: centre, size, and a score a label. What does not fit `labels.txt`, or
   holds no scores, is refused: nothing is guessed.
3. Of boxes of one label that overlap, the surest stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxmodels import Detection, Folder, Network, broken, labels_do_not_fit

from adimage.arrays import Pixels, Plane
from adimage.geometry import Box, rounded

MOST_FOUND: Final = 100
"""Boxes that are kept, the surest ones."""
_MOST_COMPARED: Final = 3000
_GREY: Final = (114, 114, 114)
_COLOURS: Final = 3
_CORNERS: Final = 4


class Seen(NamedTuple):
    """What the network sees: a label of its list, how sure it is, and where."""

    label: str
    score: float
    box: Box


class _Fit(NamedTuple):
    """How the picture lies in the network's: scaled, then moved."""

    across: float
    down: float
    left: float
    top: float


class Detector:
    """A model's folder, opened; raises Refused where anything in it does not fit."""

    def __init__(self, place: Path) -> None:
        folder = Folder(place)
        self._about = folder.about(Detection)
        self._labels = folder.labels()
        self._network = Network(folder)
        self._input = self._checked_input()

    def detected(self, pixels: Pixels) -> list[Seen]:
        """What is in a picture, the surest first."""
        fed, fit = self._fed(pixels)
        table = self._network.run({self._input: fed}, self._network.outputs[0].name)
        centres, scores = self._parts(table)
        best = scores.argmax(axis=1)
        sure = scores[np.arange(len(scores)), best]
        kept = np.flatnonzero(sure >= self._about.least_score)
        kept = kept[np.argsort(-sure[kept], kind="stable")][:_MOST_COMPARED]
        corners = _in_picture(centres[kept], fit, pixels.shape)
        chosen = surest(corners, best[kept], self._about.most_overlap)[:MOST_FOUND]
        seen = ((kept[n], corners[n]) for n in chosen)
        made = [
            Seen(self._labels[best[row]], round(float(sure[row]), 3), _box(corner))
            for row, corner in seen
        ]
        return [seen for seen in made if seen.box.w >= 1 and seen.box.h >= 1]

    def _checked_input(self) -> str:
        if len(self._network.inputs) != 1:
            raise broken(f"the network has {len(self._network.inputs)} inputs: one picture wanted")
        slot, about = self._network.inputs[0], self._about
        wanted = (1, _COLOURS, about.height, about.width)
        sides = slot.sides
        if len(sides) != len(wanted) or any(
            side not in {None, want} for side, want in zip(sides, wanted, strict=True)
        ):
            raise broken(f"the network takes {_shape(sides)}, model.json says {_shape(wanted)}")
        return slot.name

    def _fed(self, pixels: Pixels) -> tuple[Plane, _Fit]:
        about = self._about
        high, wide = pixels.shape[:2]
        across, down = about.width / wide, about.height / high
        if about.fit == "letterbox":
            across = down = min(across, down)
        size = max(round(wide * across), 1), max(round(high * down), 1)
        smoothly = cv2.INTER_AREA if down < 1 else cv2.INTER_LINEAR
        small = cv2.resize(pixels, size, interpolation=smoothly)
        left, top = (about.width - size[0]) // 2, (about.height - size[1]) // 2
        whole = np.full((about.height, about.width, _COLOURS), _GREY, dtype=np.uint8)
        whole[top : top + size[1], left : left + size[0]] = small
        if about.channels == "bgr":
            whole = whole[..., ::-1]
        scaled = (whole / 255 - np.array(about.mean)) / np.array(about.std)
        fed = np.asarray(scaled.transpose(2, 0, 1)[None], dtype=np.float32)
        return fed, _Fit(across, down, left, top)

    def _parts(self, table: NDArray[np.float32]) -> tuple[Plane, Plane]:
        """Boxes (centre, size) and scores by label, a row a box."""
        columns = _CORNERS + len(self._labels) + (self._about.layout == "v5")
        rows = _rows(table, self._about.layout)
        if rows is None:
            raise broken(f"the network gives {_shape(table.shape)}: no table of boxes, see README")
        if rows.shape[1] != columns:
            raise labels_do_not_fit(self._misfit(table, rows.shape[1] - columns))
        scores = rows[:, columns - len(self._labels) :]
        if self._about.layout == "v5":
            scores = scores * rows[:, _CORNERS : _CORNERS + 1]
        if scores.size and not -0.001 <= float(scores.min()) <= float(scores.max()) <= 1.001:
            raise broken("the network's scores are not from 0 to 1: export it with its sigmoid")
        return rows[:, :_CORNERS], scores

    def _misfit(self, table: NDArray[np.float32], more: int) -> str:
        there = len(self._labels)
        other = "v5" if self._about.layout == "v8" else "v8"
        rows = _rows(table, other)
        if rows is not None and rows.shape[1] == _CORNERS + there + (other == "v5"):
            return f"the output fits layout {other}: say so in model.json"
        return f"labels.txt has {there} labels, the network has {there + more} in layout " + (
            self._about.layout
        )


def surest(corners: Plane, labels: NDArray[np.intp], most_overlap: float) -> list[int]:
    """Rows that stay, in their order (the surest first): none is much on a surer one's place.

    Boxes of different labels do not hide each other.
    """
    areas = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    left = np.arange(len(corners))
    kept: list[int] = []
    while len(left):
        first, rest = left[0], left[1:]
        kept.append(int(first))
        near = np.maximum(corners[rest, :2], corners[first, :2])
        far = np.minimum(corners[rest, 2:], corners[first, 2:])
        shared = np.prod(np.maximum(far - near, 0), axis=1)
        whole = np.maximum(areas[rest] + areas[first] - shared, 1e-9)
        hides = (shared / whole > most_overlap) & (labels[rest] == labels[first])
        left = rest[~hides]
    return kept


def _rows(table: NDArray[np.float32], layout: str) -> NDArray[np.float32] | None:
    if table.ndim != 3 or table.shape[0] != 1 or min(table.shape) == 0:
        return None
    return table[0].T if layout == "v8" else table[0]


def _in_picture(centres: Plane, fit: _Fit, shape: tuple[int, ...]) -> Plane:
    """Corners in the picture's own pixels, cut where a box leaves it."""
    half = np.abs(centres[:, 2:]) / 2
    corners = np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)
    corners -= np.array([fit.left, fit.top] * 2, dtype=np.float32)
    corners /= np.array([fit.across, fit.down] * 2, dtype=np.float32)
    return np.clip(corners, 0, np.array([shape[1], shape[0]] * 2, dtype=np.float32))


def _box(corner: Plane) -> Box:
    left, top, right, bottom = (float(v) for v in corner)
    return rounded(Box(left, top, right - left, bottom - top))


def _shape(sides: tuple[int | None, ...]) -> str:
    return "x".join("?" if side is None else str(side) for side in sides) or "one number"
