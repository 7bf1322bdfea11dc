"""Batches as a person finds them, and a cluster whose API service is the real one."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from stagework.api.base import Metadata
from stagework.api.batch import Batch, BatchSpec, BatchStatus
from stagework.api.conditions import Condition, Status
from stagework.cli.cluster import Answer
from tests.support.builders.written_runs import at
from tests.unit.cli.fakecluster import PROXY, FakeCluster, Request
from tests.unit.web.service import Service

RUNNING: dict[str, Any] = {
    "summary": "Running",
    "message": "47 of 100 items handled, 2 failed",
    "total": 100,
    "done": 45,
    "failed": 2,
    "running": 16,
    "percent": "47.0",
    "itemsPerMinute": "12.5",
    "eta": "4m..5m",
    "etaSeconds": {"p50": 254, "p90": 300},
    "chunks": {"completed": 4, "failed": 1, "open": 2},
    "size": {"items": 10, "reason": "Target"},
    "startTime": at(8),
    "manifest": {"total": 100},
    "failedSamples": [{"id": "7.png", "reason": "BadPicture", "message": "cut off"}],
}
ENDED: dict[str, Any] = {
    **RUNNING,
    "summary": "CompletedWithFailures",
    "message": "100 of 100 items handled, 2 failed",
    "done": 98,
    "running": 0,
    "percent": "100.0",
    "eta": "",
    "etaSeconds": None,
    "chunks": {"completed": 9, "failed": 1},
    "completionTime": at(98),
}


def ended(status: Status, reason: str) -> Condition:
    return Condition(type="Succeeded", status=status, reason=reason, lastTransitionTime=at(98))


def photos(
    status: dict[str, Any] | None = None,
    *,
    end: Condition | None = None,
    name: str = "photos",
    namespace: str = "default",
    made: float = 0,
    **spec: Any,
) -> Batch:
    """A batch of the Pipeline `measure`; one that the operator has not seen unless told so."""
    fields = {"pipelineRef": {"name": "measure"}, "items": {"manifest": "artifact://x"}, **spec}
    conditions = [end] if end is not None else []
    known = {"observedGeneration": 1, **status, "conditions": conditions} if status else {}
    uid = f"uid-{name}"
    return Batch(
        metadata=Metadata(name=name, namespace=namespace, uid=uid, creationTimestamp=at(made)),
        spec=BatchSpec.model_validate(fields),
        status=BatchStatus.model_validate(known),
    )


ONE_ENDED = photos(ENDED, end=ended("True", "CompletedWithFailures"))
ONE_FAILED = photos(
    {**ENDED, "summary": "TooManyFailedItems"}, end=ended("False", "TooManyFailedItems")
)


@dataclass
class RealService(FakeCluster):
    """What goes through the proxy reaches a running API service; signing in is up to the test."""

    service: Service | None = None

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """See Cluster."""
        if not path.startswith(PROXY) or path.endswith("/v1/tickets"):
            return super().request(method, path, **more)
        self.routes[method, path] = self._through
        return super().request(method, path, **more)

    def _through(self, asked: Request) -> Answer:
        assert self.service is not None
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        answer = self.service.ask(
            asked.method,
            asked.path.removeprefix(PROXY) + query,
            body=asked.body or None,
            headers=asked.headers,
        )
        return Answer(answer.status, answer.body, dict(answer.headers))
