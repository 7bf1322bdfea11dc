"""What does a chunk cost: seconds that are fixed (a), and seconds an item (b)?

Measured per revision of a pipeline and class of machines. Of a chunk of n items that took D, whose
first and last item ended W apart: `b_i = W / (n - 1)`, `a_i = D - n b_i`.

1. Only chunks of this regime count (`regime`), 50 at most; a chunk's weight halves every 20.
2. b is the mean of `b_i`, weighted by n - 1, none of them above five medians: one monster does not
   rule.
3. a is the median of the last 20 `a_i`, 0 at least. Cold chunks pull images, so they are left out
   of it as soon as a warm one, or a history, is known.
4. What is known from earlier batches is worth ten items; without a chunk it is all there is.
5. Chunks of one item do not tell a from b: their time is parted as the history has it, or in
   halves.
6. Without item times a and b come from how long chunks of different sizes took (`regression`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from stagework.policies.chunks.observed import ObservedChunk
from stagework.policies.chunks.regime import of_this_regime
from stagework.policies.chunks.regression import TINY, Point, line, pseudo_sizes

HALF_LIFE: Final = 20
"""Chunks after which one weighs half."""
HISTORY_ITEMS: Final = 10.0
"""So many items is the history worth."""
MOST_MEDIANS: Final = 5.0
FIXED_FROM: Final = 20
"""The fixed cost comes from so many chunks, the last ones."""
_HISTORY_WEIGHT: Final = 2.0
"""Of each of a history's two points in a regression, where a chunk that just ended weighs 1."""


@dataclass(frozen=True, slots=True)
class History:
    """What earlier batches cost; seconds."""

    fixed_seconds: float
    item_seconds: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What a chunk costs on one class; seconds."""

    fixed_seconds: float
    item_seconds: float
    """Above 0."""
    chunks: tuple[ObservedChunk, ...]
    """What it comes from, the oldest first; empty where only a history is known."""
    ended: int
    """Chunks that have ended, also those of an earlier regime."""
    largest: int
    """Items of the largest that has ended."""
    history: History | None

    def seconds(self, items: int) -> float:
        """Of a chunk of so many."""
        return self.fixed_seconds + self.item_seconds * items


def fit(chunks: Sequence[ObservedChunk], history: History | None) -> Fit | None:
    """What they tell, the oldest first; None: nothing is known."""
    if not chunks and history is None:
        return None
    kept = of_this_regime(chunks)
    fixed, item = _costs(kept, history)
    largest = max((chunk.items for chunk in chunks), default=0)
    return Fit(max(fixed, 0.0), max(item, TINY), kept, len(chunks), largest, history)


def weights(chunks: Sequence[ObservedChunk]) -> list[float]:
    """The last weighs 1."""
    return [0.5 ** (age / HALF_LIFE) for age in range(len(chunks) - 1, -1, -1)]


def warm(
    chunks: Sequence[ObservedChunk], history: History | None, fewest: int = 1
) -> Sequence[int]:
    """Places of those that tell the fixed cost: without cold ones, where so many others are known.

    One warm chunk tells it better than many cold ones, and so does a history.
    """
    places = [place for place, chunk in enumerate(chunks) if not chunk.cold]
    return places if len(places) >= fewest or history is not None else range(len(chunks))


def fixed_seconds(chunk: ObservedChunk, item: float) -> float:
    """Of one chunk; `item`: what an item takes where this one does not tell."""
    own = chunk.item_seconds
    return chunk.seconds - chunk.items * (item if own is None else own)


def _costs(chunks: Sequence[ObservedChunk], history: History | None) -> tuple[float, float]:
    if not chunks and history is not None:
        return history.fixed_seconds, history.item_seconds
    if any(chunk.item_seconds is not None for chunk in chunks):
        item = _item_seconds(chunks, history)
        known = [fixed_seconds(chunks[place], item) for place in warm(chunks, history)]
        if not known and history is not None:
            return history.fixed_seconds, item
        return median(known[-FIXED_FROM:]), item
    if all(chunk.items == 1 for chunk in chunks):
        return _parted(chunks, history)
    return _regressed(chunks, history)


def _item_seconds(chunks: Sequence[ObservedChunk], history: History | None) -> float:
    measured = [
        (chunk.item_seconds, weight * (chunk.items - 1))
        for chunk, weight in zip(chunks, weights(chunks), strict=True)
        if chunk.item_seconds is not None
    ]
    most = MOST_MEDIANS * median(seconds for seconds, _ in measured)
    if history is not None:
        measured.append((min(history.item_seconds, most), HISTORY_ITEMS))
    total = sum(weight for _, weight in measured)
    return sum(min(seconds, most) * weight for seconds, weight in measured) / total


def _parted(chunks: Sequence[ObservedChunk], history: History | None) -> tuple[float, float]:
    """Of chunks of one item alone."""
    mean = fmean([chunk.seconds for chunk in chunks], weights(chunks))
    if history is None:
        return mean / 2, mean / 2
    whole = history.fixed_seconds + history.item_seconds
    total = sum(weights(chunks))
    mean = (mean * total + whole * HISTORY_ITEMS) / (total + HISTORY_ITEMS)
    share = history.fixed_seconds / whole if whole else 0.5
    return mean * share, mean * (1 - share)


def _regressed(chunks: Sequence[ObservedChunk], history: History | None) -> tuple[float, float]:
    by_age = weights(chunks)
    places = warm(chunks, None)
    points = [Point(chunks[at].items, chunks[at].seconds, by_age[at]) for at in places]
    if history is not None:
        for size in pseudo_sizes([chunks[at].items for at in places]):
            seconds = history.fixed_seconds + history.item_seconds * size
            points.append(Point(size, seconds, _HISTORY_WEIGHT))
    return line(points)
