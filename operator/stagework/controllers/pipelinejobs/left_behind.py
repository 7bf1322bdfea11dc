"""Removes what was left behind held by our gate; what that is, the plan says."""

import asyncio
import logging
from typing import Final

import orjson

from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import STAGE_JOBS, STAGE_PODS
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.left_behind import left_behind

log = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 60.0
"""Time between two sweeps: so long, at least, something must have been left behind."""


class LeftBehind:
    """Remembers from one sweep to the next what was left behind already."""

    def __init__(self, api: KubeApi, cache: Cache) -> None:
        self._api = api
        self._cache = cache
        self._seen: frozenset[ObjectRef] = frozenset()

    async def sweep_for_ever(self) -> None:
        """Remove what was left behind, and has not changed since the sweep before."""
        self._seen = frozenset()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            found = frozenset(
                left_behind(
                    self._cache.all(STAGE_JOBS), self._cache.all(STAGE_PODS), self._names_pod
                )
            )
            for target in found & self._seen:
                await self._remove(target)
            self._seen = found

    def _names_pod(self, namespace: str, run_uid: str, pod_uid: str) -> bool | None:
        run = self._cache.get(RUNS, namespace, run_uid)
        if run is None or run.metadata.namespace != namespace:
            return None
        # A uid is nowhere in a status but where it means that Pod.
        return pod_uid.encode() in bytes(run.status)

    async def _remove(self, target: ObjectRef) -> None:
        wanted = {"uid": target.uid, "resourceVersion": target.resource_version}
        options = {"preconditions": wanted, "propagationPolicy": "Background"}
        try:
            await self._api.delete(paths.object_path(target), orjson.dumps(options))
        except (NotFound, Conflict):
            return  # gone, or somebody has taken it up
        except (ApiError, NotLeading) as error:
            log.warning("%s/%s was left behind and stays: %s", target.namespace, target.name, error)
            return
        kind = target.resource.kind
        log.info("%s %s/%s was left behind, held: removed", kind, target.namespace, target.name)
