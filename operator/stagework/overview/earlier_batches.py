"""Batches that history remembers, as those that tell the next ones how good estimates were."""

from typing import Final

from stagework.api import names
from stagework.api.facts import BatchFact
from stagework.policies.chunks.earlier import EarlierBatch, Said

_BY_ITSELF: Final = frozenset({names.COMPLETED, names.COMPLETED_WITH_FAILURES, names.NOTHING_DONE})


def earlier_of(fact: BatchFact) -> EarlierBatch | None:
    """None: it has not ended by itself, or some of it was run again, or nothing was said."""
    said = [one for line in fact.estimates.split(",") if (one := Said.read(line)) is not None]
    if fact.ended is None or fact.state not in _BY_ITSELF or fact.rounds or not said:
        return None
    return EarlierBatch(said, fact.ended.timestamp())
