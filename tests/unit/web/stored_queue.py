"""Stored objects as the QueueSource of the API service; everybody may list them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from stagework.api.observed import NodeView
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.queue_source import NotWritten, Right
from stagework.web.user import User


@dataclass
class StoredQueue:
    """Bytes as the API server would send them."""

    runs: list[bytes]
    machines: list[bytes]

    async def run_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All runs."""
        return [from_bytes(run) for run in self.runs]

    async def run_object(self, namespace: str, name: str) -> OwnObject | None:
        """One run."""
        known = {from_bytes(run).name: from_bytes(run) for run in self.runs}
        return known.get((namespace, name))

    async def revision_stages(self, namespace: str, name: str) -> tuple[Stage, ...]:
        """None: these runs have stages of their own."""
        return ()

    async def nodes(self) -> list[NodeView]:
        """All nodes."""
        return [msgspec.json.decode(node, type=NodeView) for node in self.machines]

    async def may(self, user: User, right: Right) -> bool:
        """Everybody may."""
        return True

    async def create_intervention(self, namespace: str, body: dict[str, Any]) -> str:
        """Nothing is written here."""
        raise NotWritten("read only")
