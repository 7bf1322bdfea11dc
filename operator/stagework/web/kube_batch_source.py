"""The BatchSource that asks the API server."""

from typing import Any

from stagework.api.kinds import BATCH
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.kube_calls import KubeCalls


class KubeBatchSource:
    """As the API service's own account; its rights are in the chart."""

    def __init__(self, calls: KubeCalls) -> None:
        self._calls = calls

    async def batch_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """LIST Batches in pages, per namespace or over all."""
        return await self._calls.list_own(BATCH.resource, namespaces, lambda batch: batch)

    async def batch_object(self, namespace: str, name: str) -> OwnObject | None:
        """GET a Batch."""
        return await self._calls.get(BATCH.resource, namespace, name, from_bytes)

    async def create_batch(self, namespace: str, body: dict[str, Any]) -> OwnObject:
        """POST a Batch."""
        return await self._calls.create(BATCH.resource, namespace, body)
