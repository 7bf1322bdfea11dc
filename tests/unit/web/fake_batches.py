"""Batches in memory: the BatchSource that tests give to the app."""

import json
from dataclasses import dataclass, field
from typing import Any

from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import NotWritten


@dataclass
class FakeBatches:
    """Every question is counted by its word."""

    objects: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    made: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[str] = field(default_factory=list[str])
    refusal: str = ""
    is_away: bool = False

    def put(
        self, name: str = "photos", namespace: str = "team", *, uid: str = "", **status: Any
    ) -> dict[str, Any]:
        """A Batch as it is now."""
        self.objects = [
            known
            for known in self.objects
            if (known["metadata"]["namespace"], known["metadata"]["name"]) != (namespace, name)
        ]
        made = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": uid or f"uid-{name}",
                "creationTimestamp": f"2026-11-30T12:00:{len(self.objects):02}Z",
            },
            "spec": {
                "pipelineRef": {"name": "ad-image"},
                "items": {"inline": [{"uri": "s3://x/y"}]},
            },
            "status": status,
        }
        self.objects.append(made)
        return made

    async def batch_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All batches."""
        self._ask("batch_objects")
        return [
            _kept(known)
            for known in self.objects
            if not namespaces or known["metadata"]["namespace"] in namespaces
        ]

    async def batch_object(self, namespace: str, name: str) -> OwnObject | None:
        """One batch."""
        self._ask("batch_object")
        for known in self.objects:
            if (known["metadata"]["namespace"], known["metadata"]["name"]) == (namespace, name):
                return _kept(known)
        return None

    async def create_batch(self, namespace: str, body: dict[str, Any]) -> OwnObject:
        """Keep it."""
        self._ask("create_batch")
        if self.refusal:
            raise NotWritten(self.refusal)
        self.made.append(body)
        given = body["metadata"]
        name = given.get("name") or f"{given['generateName']}{len(self.made)}"
        made = self.put(name, namespace)
        made["spec"] = body["spec"]
        return _kept(made)

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.is_away:
            raise ClusterUnavailable(question)


@dataclass
class WithBatches:
    """What a cluster in memory has of it."""

    batches: FakeBatches = field(default_factory=FakeBatches, kw_only=True)


def _kept(known: dict[str, Any]) -> OwnObject:
    return from_bytes(json.dumps(known).encode())
