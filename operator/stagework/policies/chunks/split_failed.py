"""A chunk has failed again as a whole: in which parts is it tried, to find the item it dies on?

1. Where progress names the item it died on, that one runs alone, and what is before and after it
   as a part each: the others are innocent.
2. Else in `n ** (1 / rounds left)` equal parts, rounded up, so that after the last round every item
   has been alone. Three halvings would leave 25 of 200 together, 24 of them innocent.
"""

from itertools import pairwise
from typing import Final

ROUNDS: Final = 3
"""Splits until each item of a chunk of any size is alone."""


def split_failed(items: int, rounds_left: int, suspect: int | None = None) -> tuple[range, ...]:
    """Parts of a chunk of so many items, by their places in it, in order.

    `rounds_left` counts this split, from `ROUNDS`; `suspect`: the place of the item it died on. One
    item is one part: it is what fails.
    """
    if suspect is not None and 0 <= suspect < items:
        parts = (range(suspect), range(suspect, suspect + 1), range(suspect + 1, items))
        return tuple(part for part in parts if part)
    count = _root(items, max(1, rounds_left))
    cuts = [items * part // count for part in range(count + 1)]
    return tuple(range(first, end) for first, end in pairwise(cuts))


def _root(number: int, degree: int) -> int:
    """The smallest whole number that is not below the root."""
    root = max(1, round(number ** (1 / degree)))
    if root**degree < number:
        return root + 1
    return root - 1 if root > 1 and (root - 1) ** degree >= number else root
