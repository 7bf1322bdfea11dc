"""What the batches' routes want to know of the cluster, and write to it, as a Protocol."""

from typing import Any, Protocol

from stagework.cluster.cache.own_objects import OwnObject


class BatchSource(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer."""

    async def batch_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All Batches of these namespaces (of all, where none is named)."""
        ...

    async def batch_object(self, namespace: str, name: str) -> OwnObject | None:
        """A Batch, or None."""
        ...

    async def create_batch(self, namespace: str, body: dict[str, Any]) -> OwnObject:
        """Make a Batch. Raises NotWritten."""
        ...
