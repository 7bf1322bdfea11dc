"""Runs that a status records and the cache does not show, read from the API server itself.

A cache may be behind: it is not believed that a run is gone before that is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stagework.api.kinds import PIPELINEJOB
from stagework.api.scheduledjob import ActiveRun, EndedRun
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi


@dataclass(frozen=True)
class ReadRuns:
    """What the API server has said of them."""

    there: Mapping[str, OwnObject] = field(default_factory=dict[str, OwnObject])
    """Those that are there, by uid."""
    gone: frozenset[str] = frozenset()
    """Uids of those that are not."""


class MissingRuns:
    """Reads runs by name, and knows them by uid."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def read(self, namespace: str, runs: Iterable[ActiveRun | EndedRun]) -> ReadRuns:
        """One after the other; raises ApiError."""
        there: dict[str, OwnObject] = {}
        gone: set[str] = set()
        for run in runs:
            known = await self._one(namespace, run.name)
            if known is not None and known.metadata.uid == run.uid:
                there[run.uid] = known
            else:
                gone.add(run.uid)
        return ReadRuns(there, frozenset(gone))

    async def _one(self, namespace: str, name: str) -> OwnObject | None:
        target = PIPELINEJOB.ref(namespace, name)
        try:
            return from_bytes(await self._api.get(paths.object_path(target)))
        except NotFound:
            return None
