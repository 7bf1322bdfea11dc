"""Where the list of a Batch is: what the operator reads of it, and what it tells the API service.

A ConfigMap and a run's outputs are of the batch's own namespace and are looked up here; all else
only the API service can reach.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from stagework.api.batch import Batch
from stagework.api.batch_items import ConfigMapKey, StageOutput
from stagework.api.kinds import PIPELINEJOB
from stagework.api.names import STAGE_SUCCEEDED
from stagework.api.packed_stage import unpack
from stagework.api.resources import ApiResource, ObjectRef
from stagework.api.stage_status import artifact_prefix
from stagework.cluster.client import paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi

CONFIG_MAPS: Final = ApiResource("", "v1", "configmaps", "ConfigMap")
Source = dict[str, Any]


class SourceAbsent(Exception):  # noqa: N818 - a state of things that passes
    """What holds the list is not there yet; the text says what."""


class Sources:
    """Reads them; raises SourceAbsent, or ApiError."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def of(self, batch: Batch) -> Source:
        """As the API service is told."""
        items, namespace = batch.spec.items, batch.metadata.namespace
        if items.inline is not None:
            return {"inline": [i.model_dump(exclude_none=True) for i in items.inline]}
        if items.configMapRef is not None:
            return {"configMap": await self._config_map(namespace, items.configMapRef)}
        if items.s3 is not None:
            return {"s3": items.s3.model_dump()}
        if items.from_ is not None:
            prefix = await self._prefix(namespace, items.from_)
            return {"from": {"prefix": prefix, "path": items.from_.path}}
        return {"manifest": items.manifest or ""}

    async def _config_map(self, namespace: str, named: ConfigMapKey) -> str:
        target = ObjectRef(CONFIG_MAPS, namespace, named.name)
        try:
            answer = orjson.loads(await self._api.get(paths.object_path(target)))
        except NotFound as error:
            raise SourceAbsent(f"no ConfigMap {named.name!r} in namespace {namespace}") from error
        data: Mapping[str, str] = answer.get("data") or {}
        if named.key not in data:
            raise SourceAbsent(f"ConfigMap {named.name} has no key {named.key!r}")
        return data[named.key]

    async def _prefix(self, namespace: str, named: StageOutput) -> str:
        run = PIPELINEJOB.ref(namespace, named.pipelineJob)
        try:
            known = _run.decode(await self._api.get(paths.object_path(run)))
        except NotFound as error:
            text = f"no PipelineJob {named.pipelineJob!r} in namespace {namespace}"
            raise SourceAbsent(text) from error
        stages = (_stage_of(values) for values in known.status.stages)
        stage = next((s for s in stages if s.name == named.stage), None)
        if stage is None:
            raise SourceAbsent(f"PipelineJob {named.pipelineJob} has no stage {named.stage!r} yet")
        if stage.state != STAGE_SUCCEEDED or stage.commit is None:
            text = f"stage {named.stage} of PipelineJob {named.pipelineJob} has not succeeded"
            raise SourceAbsent(text)
        return artifact_prefix(
            namespace,
            known.metadata.uid,
            stage=named.stage,
            attempt=stage.commit.attempt,
            pod=stage.commit.pod,
        )


class _Commit(msgspec.Struct):
    attempt: int = 1
    pod: str = ""


class _Stage(msgspec.Struct):
    name: str = ""
    state: str = ""
    commit: _Commit | None = None


class _Meta(msgspec.Struct):
    uid: str = ""


class _Status(msgspec.Struct):
    stages: list[dict[str, Any]] = []


class _Run(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    status: _Status = msgspec.field(default_factory=_Status)


_run = msgspec.json.Decoder(_Run)


def _stage_of(values: dict[str, Any]) -> _Stage:
    return msgspec.convert(unpack(values) if values.get("record") else values, _Stage)
