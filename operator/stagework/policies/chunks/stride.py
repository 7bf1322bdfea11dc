"""In which order are items taken, so that a list sorted by size does not spoil the estimate?

In a stride: position `i * g mod N`, with g near 0.618 N (the golden ratio spreads best) and coprime
to N, so that each position comes once. The order follows from N alone: a batch needs to remember
no more than how many it has taken.
"""

import math
from typing import Final

GOLDEN: Final = 0.6180339887498949


def stride(total: int) -> int:
    """g, for so many items."""
    step = max(1, int(GOLDEN * total))
    while math.gcd(step, total) > 1:
        step += 1
    return step


def position(turn: int, total: int) -> int:
    """Of the item that is taken as that one, both from 0."""
    return turn * stride(total) % total
