"""The stages that a run uses for good: read from its ControllerRevision, kept in memory."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import orjson
from pydantic import ValidationError

from stagework.api import names
from stagework.api.observed import ObjectMeta
from stagework.api.pipeline import PipelineSpec
from stagework.api.resources import REVISIONS, ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.controllers.controller import Unreadable
from stagework.controllers.pipelinejobs.decoding import revision_of
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.snapshot import Resolved

log = logging.getLogger(__name__)

KEPT_IN_MEMORY: Final = 256
"""Revisions kept; the least used one goes first."""
SWEEP_SECONDS: Final = 600
"""Time between two sweeps."""
MIN_AGE: Final = timedelta(minutes=10)
"""Younger revisions are left alone: the run that needs one may not have named it yet."""


class _RevisionView(msgspec.Struct):
    metadata: ObjectMeta
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _RevisionList(msgspec.Struct):
    items: list[_RevisionView] = []


_one = msgspec.json.Decoder(_RevisionView)
_many = msgspec.json.Decoder(_RevisionList)


class Revisions:
    """Resolved stages by revision."""

    def __init__(
        self, api: KubeApi, namespaces: tuple[str, ...], wall: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._wall = wall
        self._namespaces = namespaces or ("",)
        self._kept: OrderedDict[tuple[str, str], Resolved] = OrderedDict()

    async def get(self, namespace: str, name: str) -> Resolved | None:
        """The stages of a revision; None where somebody has deleted or broken it."""
        key = (namespace, name)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        resolved = await self._read(key)
        if resolved is not None:
            self._kept[key] = resolved
            if len(self._kept) > KEPT_IN_MEMORY:
                self._kept.popitem(last=False)
        return resolved

    async def sweep_for_ever(self, cache: Cache) -> None:
        """Delete revisions that no run names any more, every ten minutes."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep(cache)
            except (ApiError, NotLeading, Unreadable) as error:
                log.warning("unused revisions are not swept: %s", error)

    async def _read(self, key: tuple[str, str]) -> Resolved | None:
        try:
            body = await self._api.get(paths.object_path(ObjectRef(REVISIONS, *key)))
        except NotFound:
            return None
        try:
            spec = PipelineSpec.model_validate_json(bytes(_one.decode(body).data))
        except ValidationError as error:
            log.warning("revision %s/%s was edited by hand: %s", *key, error)
            return None
        return Resolved(spec.stages, spec.params)

    async def _sweep(self, cache: Cache) -> None:
        used = {(run.metadata.namespace, revision_of(run)) for run in cache.all(RUNS)}
        for namespace in self._namespaces:
            body = await self._api.get(
                paths.collection(REVISIONS, namespace), {"labelSelector": names.LABEL_REVISION_OF}
            )
            for revision in _many.decode(body).items:
                meta = revision.metadata
                old = self._wall() - meta.creation_timestamp > MIN_AGE
                if old and (meta.namespace, meta.name) not in used:
                    await self._delete(meta)

    async def _delete(self, meta: ObjectMeta) -> None:
        options = {"preconditions": {"uid": meta.uid}}
        try:
            target = ObjectRef(REVISIONS, meta.namespace, meta.name)
            await self._api.delete(paths.object_path(target), orjson.dumps(options))
        except (NotFound, Conflict):
            return
        self._kept.pop((meta.namespace, meta.name), None)
