"""An estimate, corrected by how those of earlier batches of the pipeline came out.

Split conformal prediction: with r = true / said (p50) of earlier batches at the same mark, p50 goes
by the median of r, p90 is p50 times the ceil(0.9 (k + 1))-th smallest of k. It holds as long as
batches stay alike, and mends what no model of one batch knows: heavy tails, work that slows down.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final

from stagework.api.estimates import Eta

FEWEST: Final = 20
"""Fewer earlier batches do not correct anything."""
KEPT: Final = 50


def calibrate(eta: Eta, ratios: Sequence[float]) -> Eta:
    """`ratios`: true / said p50 of earlier batches at this mark, the oldest first."""
    last = sorted(ratios[-KEPT:])
    if len(last) < FEWEST:
        return eta
    tenth = -(-9 * (len(last) + 1) // 10)
    p50 = eta.p50_seconds
    return Eta(p50 * median(last), p50 * last[tenth - 1])
