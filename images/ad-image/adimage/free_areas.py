"""Free areas: the largest calm rectangles of a picture, where text could stand.

The picture is cut into a grid, calm cells are those with little saliency and little detail, and
the largest rectangles of calm cells are taken one after the other, each leaving its cells behind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adimage.arrays import Plane
from adimage.geometry import Box
from adimage.outputs import FreeArea

COLUMNS = ROWS = 24
CALM = 0.3
MOST_AREAS = 5
SMALLEST_SHARE = 0.04


def free_areas(saliency: Plane, width: int, height: int) -> list[FreeArea]:
    """At most five calm rectangles in pixels of a picture of this size, the largest first."""
    cells = _cells(saliency)
    calm = cells < CALM
    areas: list[FreeArea] = []
    while len(areas) < MOST_AREAS:
        top, left, bottom, right = largest_rectangle(calm)
        share = (bottom - top) * (right - left) / (ROWS * COLUMNS)
        if share < SMALLEST_SHARE:
            break
        calm[top:bottom, left:right] = False
        cw, ch = width / COLUMNS, height / ROWS
        box = Box(
            round(left * cw),
            round(top * ch),
            round((right - left) * cw),
            round((bottom - top) * ch),
        )
        mean = float(cells[top:bottom, left:right].mean())
        areas.append(FreeArea(box, round(share, 3), round(mean, 3)))
    return areas


def _cells(saliency: Plane) -> NDArray[np.float32]:
    """The 90th percentile of saliency in every cell: a cell with one salient corner is not calm."""
    rows = np.array_split(saliency, ROWS)
    return np.array(
        [[np.percentile(c, 90) for c in np.array_split(r, COLUMNS, axis=1)] for r in rows],
        dtype=np.float32,
    )


def largest_rectangle(free: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the largest all-true rectangle; all 0 where nothing is true."""
    best, answer = 0, (0, 0, 0, 0)
    heights = [0] * free.shape[1]
    for row in range(free.shape[0]):
        heights = [h + 1 if free[row, c] else 0 for c, h in enumerate(heights)]
        stack: list[int] = []
        for column in range(len(heights) + 1):
            height = heights[column] if column < len(heights) else 0
            while stack and heights[stack[-1]] >= height:
                tall = heights[stack.pop()]
                left = stack[-1] + 1 if stack else 0
                if tall * (column - left) > best:
                    best = tall * (column - left)
                    answer = (row + 1 - tall, left, row + 1, column)
            stack.append(column)
    return answer
