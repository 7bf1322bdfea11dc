"""Removes what was left behind held by our gate; what that is, the plan says."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
import orjson

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.resources import PODS, ObjectRef
from stagework.cluster import patches
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_OWNER, STAGE_JOBS, STAGE_PODS
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import Codec
from stagework.cluster.lease import NotLeading
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.left_behind import (
    cannot_start,
    goes_with_its_run,
    left_behind,
)
from stagework.plans.plan import Delete

log = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 60.0
"""Time between two sweeps: so long, at least, something must have been left behind."""


_HELD_WITHOUT_LABEL: Final = {
    "labelSelector": f"!{names.LABEL_RUN_UID}",
    "fieldSelector": "status.phase=Pending",
}
"""Somebody may have taken our label off: then no watch of ours shows them."""

Holds = Callable[[str, str], bool]
"""Of a run's uid and a Pod's: whether it is known that the Pod holds a slot."""


class LeftBehind:
    """Remembers from one sweep to the next what was left behind already."""

    def __init__(
        self, api: KubeApi, cache: Cache, namespaces: Iterable[str], stop_seconds: int
    ) -> None:
        """`namespaces`: empty means all. `stop_seconds`: what a stage that is stopped has from
        SIGTERM to SIGKILL.
        """
        self._api = api
        self._cache = cache
        self._namespaces = tuple(namespaces) or ("",)
        self._stop_seconds = stop_seconds
        self._seen: frozenset[ObjectRef] = frozenset()
        self._pods = Codec(PodView)
        self._gone: asyncio.Queue[str] = asyncio.Queue()

    def run_is_gone(self, uid: str) -> None:
        """That run is there no more, or nothing can be made for it."""
        self._gone.put_nowait(uid)

    async def hasten_for_ever(self) -> None:
        """Give Pods that go with their run no longer than others have to end."""
        while True:
            uid = await self._gone.get()
            for namespace in self._namespaces:
                if self._cache.get(RUNS, namespace, uid) is not None:
                    continue
                jobs = self._cache.indexed(STAGE_JOBS, namespace, BY_OWNER, uid)
                pods = self._cache.indexed(STAGE_PODS, namespace, BY_OWNER, uid)
                for target in goes_with_its_run(uid, jobs, pods, self._stop_seconds):
                    await self._shorten(target)

    async def sweep_for_ever(self, holds: Holds) -> None:
        """Remove what was left behind, and has not changed since the sweep before."""
        self._seen = frozenset()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            unlabelled = await self._without_label()
            found = frozenset(self._left(unlabelled, holds))
            for target in found & self._seen:
                await self._remove(target)
            self._seen = found

    def _left(self, unlabelled: Iterable[PodView], holds: Holds) -> Iterator[ObjectRef]:
        def held(namespace: str, run_uid: str, pod_uid: str) -> bool:
            return holds(run_uid, pod_uid) and self._names_pod(namespace, run_uid, pod_uid) is None

        pods = tuple(self._cache.all(STAGE_PODS))
        jobs = self._cache.all(STAGE_JOBS)
        yield from left_behind(jobs, (*pods, *unlabelled), self._names_pod)
        yield from cannot_start(pods, held)

    async def _without_label(self) -> list[PodView]:
        """Pods that wait and do not carry our label: few, where nobody takes it off."""
        found: list[PodView] = []
        for namespace in self._namespaces:
            path = paths.collection(PODS, namespace)
            listed: list[PodView] = []
            try:
                pages = self._api.list_pages(path, _HELD_WITHOUT_LABEL, on_restart=listed.clear)
                async for body in pages:
                    listed += self._pods.page(body, _skipped).items or ()
            except (ApiError, NotLeading, msgspec.DecodeError) as error:
                log.warning("Pods that have lost their label are not looked for: %s", error)
                continue
            found += listed
        return [pod for pod in found if pod.held_by(names.SCHEDULING_GATE)]

    def _names_pod(self, namespace: str, run_uid: str, pod_uid: str) -> bool | None:
        if not run_uid:
            runs = (r for r in self._cache.all(RUNS) if r.metadata.namespace == namespace)
            return any(_names(run, pod_uid) for run in runs)
        run = self._cache.get(RUNS, namespace, run_uid)
        if run is None or run.metadata.namespace != namespace:
            return None
        return _names(run, pod_uid)

    async def _shorten(self, target: ObjectRef) -> None:
        action = Delete(target, self._stop_seconds)
        try:
            await self._api.delete(paths.object_path(target), patches.delete_options(action))
        except (NotFound, Conflict):
            return  # gone
        except (ApiError, NotLeading) as error:
            log.warning("%s/%s ends slowly: %s", target.namespace, target.name, error)

    async def _remove(self, target: ObjectRef) -> None:
        wanted = {"uid": target.uid}
        if target.resource_version:
            wanted["resourceVersion"] = target.resource_version
        options = {"preconditions": wanted, "propagationPolicy": "Background"}
        try:
            await self._api.delete(paths.object_path(target), orjson.dumps(options))
        except (NotFound, Conflict):
            return  # gone, or somebody has taken it up
        except (ApiError, NotLeading) as error:
            log.warning("%s/%s was left behind and stays: %s", target.namespace, target.name, error)
            return
        kind = target.resource.kind
        log.info("%s %s/%s was left behind: removed", kind, target.namespace, target.name)


def _names(run: OwnObject, pod_uid: str) -> bool:
    """A uid is nowhere in a status but where it means that Pod."""
    return pod_uid.encode() in bytes(run.status)


def _skipped(_raw: bytes, _error: Exception) -> None:
    """What cannot be read is left alone."""
