"""The stages that a run uses for good: read from its ControllerRevision, kept in memory."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec
import orjson

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import ObjectMeta
from stagework.api.pipeline import PipelineSpec
from stagework.api.resources import REVISIONS, ObjectRef
from stagework.children.revision import is_content_of, label_of
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.controllers.controller import Unreadable
from stagework.controllers.decoding import understood
from stagework.controllers.pipelinejobs.decoding import revision_of, summary_of
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.snapshot import ForgedRevision, Resolved, resolved_of

log = logging.getLogger(__name__)

KEPT_IN_MEMORY: Final = 256
"""Revisions kept; the least used one goes first."""
SWEEP_SECONDS: Final = 600
"""Time between two sweeps."""
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
MIN_AGE: Final = timedelta(minutes=10)
"""Younger revisions are left alone: the run that needs one may not have named it yet."""


(_PIPELINE_NAME,) = PIPELINEJOB.references


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
        self, api: KubeApi, namespaces: tuple[str, ...], wall_clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._wall_clock = wall_clock
        self._namespaces = namespaces or ("",)
        self._kept: OrderedDict[tuple[str, str], Resolved] = OrderedDict()
        self._swept: dict[tuple[str, str], asyncio.Event] = {}

    async def get(self, namespace: str, name: str) -> Resolved | ForgedRevision | None:
        """The stages of a revision; None where somebody has deleted it. Raises Unreadable."""
        key = (namespace, name)
        # One that is being swept is gone, or not, once that is answered.
        while (swept := self._swept.get(key)) is not None:
            await swept.wait()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        resolved = await self._read(key)
        if isinstance(resolved, Resolved):
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

    async def _read(self, key: tuple[str, str]) -> Resolved | ForgedRevision | None:
        namespace, name = key
        if not _NAME.fullmatch(name):
            return None  # a status can be edited: this would be another path
        try:
            body = await self._api.get(paths.object_path(ObjectRef(REVISIONS, namespace, name)))
        except NotFound:
            return None
        data = bytes(_one.decode(body).data)
        if not is_content_of(name, orjson.loads(data)):
            log.warning("revision %s/%s does not keep what its name says: it is not used", *key)
            return ForgedRevision()
        with understood(f"ControllerRevision {name}: data."):
            spec = PipelineSpec.model_validate_json(data)
        return resolved_of(spec)

    async def _sweep(self, cache: Cache) -> None:
        for run in cache.all(RUNS):
            revision_of(run)  # where that cannot be read nothing is swept
        for namespace in self._namespaces:
            body = await self._api.get(
                paths.collection(REVISIONS, namespace), {"labelSelector": names.LABEL_REVISION_OF}
            )
            for revision in _many.decode(body).items:
                meta = revision.metadata
                old = self._wall_clock() - meta.creation_timestamp > MIN_AGE
                # Asked for each one, right before: runs are accepted while others are deleted.
                if old and not _in_use(meta, cache):
                    await self._delete(meta)

    async def _delete(self, meta: ObjectMeta) -> None:
        key = (meta.namespace, meta.name)
        options = {"preconditions": {"uid": meta.uid, "resourceVersion": meta.resourceVersion}}
        self._kept.pop(key, None)
        swept = self._swept[key] = asyncio.Event()
        try:
            await self._api.delete(
                paths.object_path(ObjectRef(REVISIONS, *key)), orjson.dumps(options)
            )
        except (NotFound, Conflict):
            return
        finally:
            swept.set()
            del self._swept[key]


def _in_use(meta: ObjectMeta, cache: Cache) -> bool:
    """Whether a run names it, or may do so in a moment: one of its Pipeline without a revision."""
    runs = (run for run in cache.all(RUNS) if run.metadata.namespace == meta.namespace)
    return any((revision_of(run) or _to_be_accepted(run, meta)) == meta.name for run in runs)


def _to_be_accepted(run: OwnObject, revision: ObjectMeta) -> str:
    named = RUNS.indexes[_PIPELINE_NAME](run)
    if run.is_tombstone or not isinstance(named, tuple) or summary_of(run) == names.INVALID_SPEC:
        return ""
    _, pipeline = cast("tuple[str, str]", named)
    alike = label_of(pipeline) == revision.labels.get(names.LABEL_REVISION_OF)
    return revision.name if alike else ""
