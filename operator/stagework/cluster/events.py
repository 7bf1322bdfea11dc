"""Kubernetes Events on runs: best effort, off the hot path, dropped first under load."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import orjson

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.plans.plan import Event

QUEUE_SIZE: Final = 512
"""Events that wait to be sent; further ones are dropped and counted."""
PER_SECOND: Final = 20
"""Events sent a second at most."""


class EventPoster:
    """Sends Events one after another. Start it with `run()`."""

    def __init__(self, api: KubeApi, reporter: str, wall: Callable[[], datetime]) -> None:
        self._api = api
        self._reporter = reporter
        self._wall = wall
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(QUEUE_SIZE)
        self.dropped = 0
        """Events given up because the queue was full or the server refused them."""

    def post(self, run: PipelineJob, event: Event) -> None:
        """Queue one Event about a run; never blocks."""
        namespace = run.metadata.namespace
        try:
            self._queue.put_nowait((namespace, orjson.dumps(self._document(run, event))))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            namespace, body = await self._queue.get()
            try:
                await self._api.create(paths.events(namespace), body)
            except (ApiError, NotLeading):
                self.dropped += 1
            await asyncio.sleep(1 / PER_SECOND)

    def _document(self, run: PipelineJob, event: Event) -> dict[str, object]:
        meta = run.metadata
        now = self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{meta.name[:200]}.", "namespace": meta.namespace},
            "involvedObject": {
                "apiVersion": names.API_VERSION,
                "kind": "PipelineJob",
                "name": meta.name,
                "namespace": meta.namespace,
                "uid": meta.uid,
            },
            "reason": event.reason,
            "message": " ".join(event.message.split())[:1024],
            "type": event.type,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "source": {"component": names.FIELD_MANAGER},
            "reportingComponent": names.FIELD_MANAGER,
            "reportingInstance": self._reporter,
        }
