"""Which of the chunks that have ended tell how long the next will take?

The last 50, and of these none from before a change: where six in a row are all slower, or all
faster, per item than the median of those before them, and their median is off by 1.3, the six are
all that counts.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final

from stagework.policies.chunks.observed import ObservedChunk

KEPT: Final = 50
IN_A_ROW: Final = 6
FEWEST_BEFORE: Final = 8
"""A median of fewer is no regime to leave."""
OFF: Final = 1.3


def of_this_regime(chunks: Sequence[ObservedChunk]) -> tuple[ObservedChunk, ...]:
    """Those that count; `chunks`: the oldest first."""
    kept = list[ObservedChunk]()
    for chunk in chunks[-KEPT:]:
        kept.append(chunk)
        if chunk.item_seconds is not None and _is_new(kept):
            kept = _last_measured(kept)
    return tuple(kept)


def _is_new(chunks: Sequence[ObservedChunk]) -> bool:
    seconds = [chunk.item_seconds for chunk in chunks]
    known = [one for one in seconds if one is not None]
    before, last = known[:-IN_A_ROW], known[-IN_A_ROW:]
    if len(before) < FEWEST_BEFORE:
        return False
    middle, new = median(before), median(last)
    slower = min(last) > middle and new > OFF * middle
    return slower or (max(last) < middle and OFF * new < middle)


def _last_measured(chunks: Sequence[ObservedChunk]) -> list[ObservedChunk]:
    """From the first of the last six that have item times."""
    measured = [place for place, chunk in enumerate(chunks) if chunk.item_seconds is not None]
    return list(chunks[measured[-IN_A_ROW] :])
