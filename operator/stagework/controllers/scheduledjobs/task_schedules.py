"""Keeps the ScheduledJobs of built-in tasks as the release's values want them.

Helm cannot: it makes no object of a kind whose definition comes with the same release. They belong
to the ConfigMap with the settings, so that they go with the release.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import orjson

from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.observed import ObjectMeta
from stagework.api.resources import CONFIG_MAPS, ObjectRef
from stagework.api.tasks import SETTINGS_CONFIG_MAP
from stagework.children.task_schedule import TaskSchedule
from stagework.cluster import patches
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.client import paths
from stagework.cluster.client.errors import AlreadyExists, ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.plans.plan import Delete
from stagework.plans.scheduledjob.task_schedules import Change, Make, Remove, due

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 60.0
"""Time between two looks at what is there, all of it in memory."""
_SCHEDULES: Final = objects_of(SCHEDULEDJOB)


class _Owner(msgspec.Struct):
    metadata: ObjectMeta


_owner = msgspec.json.Decoder(_Owner)


class TaskSchedules:
    """Of one release."""

    def __init__(
        self, api: KubeApi, cache: Cache, namespace: str, wanted: Iterable[TaskSchedule]
    ) -> None:
        """`namespace`: the release's own."""
        self._api = api
        self._cache = cache
        self._namespace = namespace
        self._wanted = tuple(wanted)

    async def keep_for_ever(self) -> None:
        """Until cancelled; what is refused is tried again."""
        while True:
            try:
                await self.keep()
            except (ApiError, NotLeading, msgspec.DecodeError) as error:
                log.warning("the schedules of built-in tasks are not as they should be: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    async def keep(self) -> None:
        """Once; raises ApiError or NotLeading."""
        stored = {
            known.metadata.name: (known.metadata.uid, msgspec.json.decode(known.spec))
            for known in self._cache.all(_SCHEDULES)
            if known.metadata.namespace == self._namespace
        }
        specs: dict[str, dict[str, Any]] = {name: spec for name, (_, spec) in stored.items()}
        for change in due(self._wanted, specs):
            match change:
                case Make(wanted):
                    await self._make(wanted)
                case Change(name, spec):
                    await self._change(name, spec)
                case Remove(name):
                    await self._remove(name, stored[name][0])

    async def _make(self, wanted: TaskSchedule) -> None:
        owner = await self._settings()
        if owner is None:
            log.warning("no ConfigMap %s: the release is going, or is none", SETTINGS_CONFIG_MAP)
            return
        manifest = wanted.manifest(self._namespace, owner)
        path = paths.collection(SCHEDULEDJOB.resource, self._namespace)
        try:
            await self._api.create(path, orjson.dumps(manifest))
        except AlreadyExists:
            return  # the cache will show it
        log.info("task %s runs by ScheduledJob %s", wanted.task, wanted.name)

    async def _change(self, name: str, spec: dict[str, Any]) -> None:
        try:
            target = SCHEDULEDJOB.ref(self._namespace, name)
            await self._api.patch(paths.object_path(target), orjson.dumps({"spec": spec}))
        except NotFound:
            return  # made anew by the next look
        log.info("ScheduledJob %s is as the settings have it again", name)

    async def _remove(self, name: str, uid: str) -> None:
        target = SCHEDULEDJOB.ref(self._namespace, name, uid)
        try:
            options = patches.delete_options(Delete(target))
            await self._api.delete(paths.object_path(target), options)
        except (NotFound, Conflict):
            return  # gone
        log.info("ScheduledJob %s is removed: its task is off", name)

    async def _settings(self) -> dict[str, Any] | None:
        """What they go with, or they would outlive the release; None: it is not there."""
        target = ObjectRef(CONFIG_MAPS, self._namespace, SETTINGS_CONFIG_MAP)
        try:
            meta = _owner.decode(await self._api.get(paths.object_path(target))).metadata
        except NotFound:
            return None
        named = {"apiVersion": CONFIG_MAPS.api_version, "kind": CONFIG_MAPS.kind}
        return {**named, "name": meta.name, "uid": meta.uid}
