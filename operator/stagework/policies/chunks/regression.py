"""Fixed cost and time per item where items told no times: from how chunks' times go with size.

Weighted Huber regression of seconds on items: later chunks weigh more, larger ones less (their
variance grows with their size), and one that is far off has a bounded pull. While all chunks are
about alike in size nothing tells the two apart, and all is said to be time per item.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

ROUNDS: Final = 4
"""The weights settle in so many."""
ALIKE: Final = 0.2
"""Sizes that differ by less than this share of the largest are alike."""
BOUND: Final = 2.0
"""From so many standard deviations on a chunk's pull does not grow."""
TO_DEVIATION: Final = 1.48
"""Median absolute deviation to standard deviation, of a normal distribution."""
TINY: Final = 1e-6


class Point(NamedTuple):
    """A chunk."""

    items: float
    seconds: float
    weight: float


def line(points: Sequence[Point]) -> tuple[float, float]:
    """Seconds that are fixed, and seconds an item."""
    weights = [point.weight / point.items for point in points]
    sizes = [point.items for point in points]
    if max(sizes) - min(sizes) < ALIKE * max(sizes):
        return 0.0, max(_dot(weights, points) / _sum(weights, sizes), TINY)
    fixed = item = 0.0
    for _ in range(ROUNDS):
        fixed, item = _least_squares(points, weights)
        off = [_residual(point, fixed, item) for point in points]
        bound = BOUND * max(TO_DEVIATION * median(off), TINY)
        weights = [
            point.weight / point.items * min(1.0, bound / max(residual, TINY))
            for point, residual in zip(points, off, strict=True)
        ]
    return fixed, item


def _least_squares(points: Sequence[Point], weights: Sequence[float]) -> tuple[float, float]:
    total = sum(weights)
    size = _sum(weights, [point.items for point in points]) / total
    seconds = _dot(weights, points) / total
    pairs = list(zip(points, weights, strict=True))
    cross = sum(w * (p.items - size) * (p.seconds - seconds) for p, w in pairs)
    square = sum(w * (p.items - size) ** 2 for p, w in pairs)
    # Neither can be below nothing.
    item = min(max(cross / square, TINY), seconds / size)
    return seconds - item * size, item


def _residual(point: Point, fixed: float, item: float) -> float:
    return abs(point.seconds - fixed - item * point.items) / math.sqrt(point.items)


def _dot(weights: Sequence[float], points: Sequence[Point]) -> float:
    return _sum(weights, [point.seconds for point in points])


def _sum(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(w * value for w, value in zip(weights, values, strict=True))


def pseudo_sizes(sizes: Sequence[int]) -> tuple[float, float]:
    """Of what sizes a history's two points are: one item, and well above what has been seen."""
    return 1.0, max(2 * fmean(sizes), 10.0)
