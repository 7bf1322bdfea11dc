"""Runs that a status records and the cache does not show, read from the API server itself.

A cache may be behind: it is not believed that a run is gone before that is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stagework.api.resources import ObjectRef
from stagework.api.scheduledjob import ActiveRun, EndedRun
from stagework.cluster.client import paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.scheduledjobs.children import source_of
from stagework.plans.scheduledjob.snapshot import RunSeen


@dataclass(frozen=True)
class ReadRuns:
    """What the API server has said of them."""

    there: Mapping[str, RunSeen] = field(default_factory=dict[str, RunSeen])
    """Those that are there, by uid."""
    gone: frozenset[str] = frozenset()
    """Uids of those that are not."""


class MissingRuns:
    """Reads runs by name, and knows them by uid."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def read(self, namespace: str, runs: Iterable[ActiveRun | EndedRun]) -> ReadRuns:
        """One after the other; raises ApiError."""
        there: dict[str, RunSeen] = {}
        gone: set[str] = set()
        for run in runs:
            known = await self._one(namespace, run)
            if known is None:
                gone.add(run.uid)
            else:
                there[run.uid] = known
        return ReadRuns(there, frozenset(gone))

    async def _one(self, namespace: str, run: ActiveRun | EndedRun) -> RunSeen | None:
        source = source_of(run.kind)
        target = ObjectRef(source.selection.resource, namespace, run.name)
        try:
            return source.read(await self._api.get(paths.object_path(target)), run.uid)
        except NotFound:
            return None
