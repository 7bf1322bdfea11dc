"""How many runs that have not ended name each Pipeline? Kept up with all runs, whoever leads."""

from collections import Counter
from collections.abc import Iterable
from typing import cast

from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.controllers.decoding import has_ended

(_PIPELINE_NAME,) = PIPELINEJOB.references
RUNS = objects_of(PIPELINEJOB)
"""All runs in the cache."""
Name = tuple[str, str]
"""Namespace and name of a Pipeline."""


class LiveRuns:
    """Counts them change by change: to ask all runs again at each would cost too much."""

    def __init__(self) -> None:
        self._named: dict[str, Name] = {}
        self._counts: Counter[Name] = Counter()

    def count(self, pipeline: Name) -> int:
        """How many name that Pipeline."""
        return self._counts[pipeline]

    def changed(self, change: Change[OwnObject]) -> Iterable[Key]:
        """Take a run's change in; the Pipelines of which the number is another one now."""
        uid = change.object.metadata.uid
        before, after = self._named.get(uid), _named(change.new)
        if before == after:
            return ()
        if before is not None:
            del self._named[uid]
            self._counts[before] -= 1
            if not self._counts[before]:
                del self._counts[before]
        if after is not None:
            self._named[uid] = after
            self._counts[after] += 1
        return [Key(PIPELINE.kind, *name) for name in (before, after) if name is not None]


def _named(run: OwnObject | None) -> Name | None:
    """The Pipeline that a run names which has not ended."""
    if run is None or has_ended(run):
        return None
    return cast("Name | None", RUNS.indexes[_PIPELINE_NAME](run))
