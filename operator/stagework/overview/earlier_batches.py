"""Batches that history remembers, as those that tell the next ones how good estimates were.

And people, who want to know what an estimate is worth before they believe it.
"""

from collections.abc import Iterable
from typing import Final

from stagework.api import names
from stagework.api.estimates import EstimateError
from stagework.api.facts import BatchFact
from stagework.policies.chunks.earlier import MARKS, EarlierBatch, Said, said_and_true
from stagework.policies.chunks.estimate_error import estimate_error

JUDGED: Final = 200
"""So many of the newest batches are asked for: of some of them nothing can be said."""

_BY_ITSELF: Final = frozenset({names.COMPLETED, names.COMPLETED_WITH_FAILURES, names.NOTHING_DONE})


def earlier_of(fact: BatchFact) -> EarlierBatch | None:
    """None: it has not ended by itself, or some of it was run again, or nothing was said."""
    said = [one for line in fact.estimates.split(",") if (one := Said.read(line)) is not None]
    if fact.ended is None or fact.state not in _BY_ITSELF or fact.rounds or not said:
        return None
    return EarlierBatch(said, fact.ended.timestamp())


def estimate_errors(facts: Iterable[BatchFact]) -> tuple[EstimateError, ...]:
    """What was said at each mark against what was true; of marks with 20 batches and more."""
    ended = sorted(filter(None, map(earlier_of, facts)), key=lambda batch: batch.ended)
    found = (estimate_error(mark, said_and_true(ended, mark)) for mark in MARKS)
    return tuple(error for error in found if error is not None)
