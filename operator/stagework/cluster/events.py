"""Kubernetes Events on objects of ours: best effort, off the hot path, dropped first under load."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import orjson

from stagework.api import names
from stagework.api.resources import EVENTS, ObjectRef
from stagework.api.text import one_line
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.plans.plan import Event

QUEUE_SIZE: Final = 512
"""Events that wait to be sent; further ones are dropped and counted."""
MESSAGE_BYTES: Final = 1024
"""Longest message that Kubernetes promises to take."""
PER_SECOND: Final = 20
"""Events sent a second at most."""


class EventPoster:
    """Sends Events one after another. Start it with `run()`."""

    def __init__(self, api: KubeApi, reporter: str, wall_clock: Callable[[], datetime]) -> None:
        self._api = api
        self._reporter = reporter
        self._wall_clock = wall_clock
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(QUEUE_SIZE)
        self.dropped = 0
        """Events given up because the queue was full or the server refused them."""

    def post(self, about: ObjectRef, event: Event) -> None:
        """Queue one Event about an object; never blocks."""
        try:
            self._queue.put_nowait((about.namespace, orjson.dumps(self._document(about, event))))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            namespace, body = await self._queue.get()
            try:
                await self._api.create(paths.collection(EVENTS, namespace), body)
            except (ApiError, NotLeading):
                self.dropped += 1
            await asyncio.sleep(1 / PER_SECOND)

    def _document(self, about: ObjectRef, event: Event) -> dict[str, object]:
        now = self._wall_clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{about.name[:200]}.", "namespace": about.namespace},
            "involvedObject": {
                "apiVersion": about.resource.api_version,
                "kind": about.resource.kind,
                "name": about.name,
                "namespace": about.namespace,
                "uid": about.uid,
            },
            "reason": event.reason,
            "message": one_line(event.message, MESSAGE_BYTES),
            "type": event.type,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "source": {"component": names.FIELD_MANAGER},
            "reportingComponent": names.FIELD_MANAGER,
            "reportingInstance": self._reporter,
        }
