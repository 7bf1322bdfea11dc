"""What were the estimates of earlier batches worth?

Of the last 100 at one mark: how far p50 was off, whether it was early or late, and how often the
true end was at or before p50 and p90, with Wilson's bounds (95 %), for so few say little. An honest
p50 has half of them, an honest p90 nine of ten.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from stagework.api.estimates import EstimateError, Eta, Share

FEWEST: Final = 20
KEPT: Final = 100
_SURE: Final = 1.959964
"""The normal distribution has 95 % within so many standard deviations."""


def estimate_error(mark: int, said_and_true: Sequence[tuple[Eta, float]]) -> EstimateError | None:
    """Of estimates at that mark and the seconds that it then took, the oldest first; None below 20
    batches.
    """
    last = [(eta, true) for eta, true in said_and_true if true > 0][-KEPT:]
    if len(last) < FEWEST:
        return None
    ratios = [eta.p50_seconds / true for eta, true in last]
    return EstimateError(
        percent=mark,
        batches=len(last),
        off=median(abs(ratio - 1) for ratio in ratios),
        p50_to_true=median(ratios),
        below_p50=wilson(sum(true <= eta.p50_seconds for eta, true in last), len(last)),
        below_p90=wilson(sum(true <= eta.p90_seconds for eta, true in last), len(last)),
    )


def wilson(held: int, of: int) -> Share:
    """The share, and Wilson's bounds of the true one."""
    share, z2 = held / of, _SURE * _SURE
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    spread = _SURE * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Share(share, max(0.0, middle - spread), min(1.0, middle + spread))
