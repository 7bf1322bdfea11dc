"""What could a chunk really cost, given the few that were seen?

A Bayesian bootstrap: each replicate weighs the chunks that were seen anew, `Exp(1) * 0.5 ** (age /
20)`, and takes a and b as their means; what a single chunk then makes of it is a past ratio of
duration to mean, for a cold chunk one of a cold chunk. A history counts as one more chunk, itself
off by a fifth. Without item times a and b keep their proportion and are scaled together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from statistics import fmean
from typing import Final

from stagework.api.estimates import Draws
from stagework.policies.chunks.fit import HISTORY_ITEMS, Fit, fixed_seconds, warm, weights

HISTORY_OFF: Final = 0.2
"""Standard deviation of the logarithm of what a history says."""
FEWEST_WARM: Final = 2
"""One warm chunk has no spread."""


@dataclass(frozen=True, slots=True)
class DrawnTimes:
    """Of one class: a and b of each replicate, and ratios of duration to what they say."""

    fixed: Sequence[float]
    item: Sequence[float]
    ratios: Sequence[float]
    cold_ratios: Sequence[float]
    """Of chunks that are cold, where any has ended."""


def drawn_times(fitted: Fit, replicates: int, draws: Draws) -> DrawnTimes:
    """So many replicates."""
    if any(chunk.item_seconds is not None for chunk in fitted.chunks):
        pairs = _apart(fitted, replicates, draws)
    else:
        pairs = _together(fitted, replicates, draws)
    fixed, item = [a for a, _ in pairs], [b for _, b in pairs]
    mean_fixed, mean_item = fmean(fixed), fmean(item)
    ratios = [chunk.seconds / (mean_fixed + mean_item * chunk.items) for chunk in fitted.chunks]
    warmly = [ratios[at] for at in warm(fitted.chunks, fitted.history, FEWEST_WARM)] or [1.0]
    coldly = [ratio for ratio, chunk in zip(ratios, fitted.chunks, strict=True) if chunk.cold]
    return DrawnTimes(fixed, item, warmly, coldly or warmly)


def _apart(fitted: Fit, replicates: int, draws: Draws) -> list[tuple[float, float]]:
    chunks, by_age = fitted.chunks, weights(fitted.chunks)
    steps = [0 if chunk.item_seconds is None else chunk.items - 1 for chunk in chunks]
    spans = [(chunk.item_seconds or 0.0) * (chunk.items - 1) for chunk in chunks]
    plain = sum(map(mul, by_age, spans)) / sum(map(mul, by_age, steps))
    is_warm = set(warm(chunks, fitted.history, FEWEST_WARM))
    fixed = [fixed_seconds(chunk, plain) for chunk in chunks]
    warm_ages = [age if place in is_warm else 0.0 for place, age in enumerate(by_age)]
    pairs = list[tuple[float, float]]()
    for _ in range(replicates):
        chance = [draws.expovariate(1.0) for _ in chunks]
        drawn = list(map(mul, chance, by_age))
        warmly = list(map(mul, chance, warm_ages))
        span, items = sum(map(mul, drawn, spans)), sum(map(mul, drawn, steps))
        cost, weight = sum(map(mul, warmly, fixed)), sum(warmly)
        if fitted.history is not None:
            own = draws.expovariate(1.0)
            span += HISTORY_ITEMS * _off(fitted.history.item_seconds, draws)
            items += HISTORY_ITEMS
            cost += own * _off(fitted.history.fixed_seconds, draws)
            weight += own
        pairs.append((max(cost / weight, 0.0), span / items))
    return pairs


def _together(fitted: Fit, replicates: int, draws: Draws) -> list[tuple[float, float]]:
    """Both times the mean ratio of duration to what was fitted."""
    took = [chunk.seconds for chunk in fitted.chunks]
    wanted = [fitted.seconds(chunk.items) for chunk in fitted.chunks]
    by_age = weights(fitted.chunks)
    pairs = list[tuple[float, float]]()
    for _ in range(replicates):
        drawn = [draws.expovariate(1.0) * age for age in by_age]
        above, below = sum(map(mul, drawn, took)), sum(map(mul, drawn, wanted))
        if fitted.history is not None:
            one = HISTORY_ITEMS * fitted.item_seconds
            above, below = above + _off(one, draws), below + one
        pairs.append((fitted.fixed_seconds * above / below, fitted.item_seconds * above / below))
    return pairs


def _off(seconds: float, draws: Draws) -> float:
    return seconds * math.exp(HISTORY_OFF * draws.gauss(0.0, 1.0))
