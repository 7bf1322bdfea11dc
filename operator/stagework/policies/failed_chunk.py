"""A chunk's run has failed: is the chunk run again as a whole, in parts, or are its items counted?

1. Nothing may be begun any more (stopped, too many failed items): they are counted.
2. It could only be the same again: its run was refused as it is written, or ended by a person.
3. No item is to blame (an image, a quota, a node): again as a whole, `retriesPerChunk` times.
4. Each of its items has an outcome of its own, so nothing is left to find out: counted.
5. A chunk as it was first made is run again as a whole, once: most failures pass.
6. A single item has failed: counted.
7. In parts, so that what is to blame ends alone and the others are done.
"""

from dataclasses import dataclass
from typing import Final, Literal

from stagework.api import names

Verdict = Literal["Count", "Again", "Part", "Ask"]
"""`Ask`: how many of its items have an outcome of their own must be known first."""

SAME_AGAIN: Final = frozenset(
    {names.INVALID_SPEC, names.STOPPED, names.STOPPED_BY_PERSON, names.RUN_REFUSED}
)
"""Reasons of a run for which another one would end likewise."""
NO_ITEM: Final = frozenset(
    {
        names.START_DEADLINE,
        names.INVALID_IMAGE_NAME,
        names.INIT_CONTAINER_FAILED,
        names.START_ERROR,
        names.JOB_REFUSED,
        names.JOB_CONFLICT,
        names.POD_REFUSED,
        names.WAIT_QUOTA,
        names.TOO_MANY_INTERRUPTIONS,
        names.TOO_MANY_ATTEMPTS,
        names.OUTPUTS_NOT_KEPT,
    }
)
"""Reasons of a stage for which no item is to blame."""


@dataclass(frozen=True)
class FailedChunk:
    """What is known of it."""

    reason: str
    """Of the stage that failed, else of its run."""
    items: int
    attempt: int
    is_part: bool
    """It is a part of a chunk that has failed before."""
    known: int | None
    """Items with an outcome of their own; None: not asked yet."""


def after_failure(chunk: FailedChunk, retries: int, *, may_begin: bool) -> Verdict:
    """`retries`: how often a chunk may be run again as a whole."""
    if not may_begin or chunk.reason in SAME_AGAIN:
        return "Count"
    if chunk.reason in NO_ITEM:
        return "Again" if chunk.attempt <= retries else "Count"
    if chunk.known is None:
        return "Ask"
    if chunk.known >= chunk.items:
        return "Count"
    if not chunk.is_part and chunk.attempt <= min(retries, 1):
        return "Again"
    return "Count" if chunk.items == 1 else "Part"
