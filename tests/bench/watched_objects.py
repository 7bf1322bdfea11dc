"""What the simulated cluster notes of schedules and batches, and how it makes them for a bench."""

import time
from datetime import datetime
from typing import Final

import orjson

from stagework.policies.schedules.jitter import jitter
from tests.bench import objects
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.resources import (
    BATCHES,
    PIPELINE_JOBS,
    PIPELINES,
    SCHEDULED_JOBS,
    Json,
    items,
    part,
)
from tests.support.fakeapi.server import FakeApi
from tests.support.fakeapi.store import Change

BATCH: Final = "many"
_STAGE: Final[Json] = {
    "name": "only",
    "contract": "ExitCode",
    "image": "example.org/noop:1",
    "runsOn": ["gpu"],
}


class Slots:
    """When the runs of slots are asked for, against when they are due."""

    def __init__(self, fake: FakeApi) -> None:
        self._store = fake.store
        self._jitter = 0
        self._lags: list[float] = []
        self._names: set[str] = set()
        fake.faults.before.append(self._arrived)

    def make(self, count: int, slot: datetime, jitter_seconds: int) -> None:
        """So many ScheduledJobs with that one slot, each put off by a part of so many seconds."""
        self._jitter = jitter_seconds
        spec: Json = {
            "schedule": {"cron": f"{slot.minute} {slot.hour} * * *"},
            "endTime": slot.replace(second=1).isoformat(),
            "jitterSeconds": jitter_seconds,
            "template": {"pipelineJob": {"stages": [_STAGE]}},
        }
        for number in range(count):
            body: Json = {"metadata": {"name": f"nightly-{number}"}, "spec": spec}
            self._store.create(SCHEDULED_JOBS, objects.NAMESPACE, body)

    def stats(self) -> Json:
        """Seconds from each due moment until its run was asked for, and what came of that."""
        statuses = [part(one.data, "status") for one in self._store.list(SCHEDULED_JOBS)]
        return {
            "lags": sorted(self._lags),
            "asked": len(self._lags),
            "names": len(self._names),
            "seen": sum("nextScheduleTime" in status for status in statuses),
            "recorded": sum(part(status, "stats").get("totalExecutions", 0) for status in statuses),
            "skipped": sum(part(status, "stats").get("skipped", 0) for status in statuses),
        }

    async def _arrived(self, seen: Seen) -> Verdict:
        now = time.time()
        body: Json = seen.json() if seen.what == "POST pipelinejobs" else {}
        if "slotTime" in part(body, "spec"):
            slot = datetime.fromisoformat(part(body, "spec")["slotTime"])
            (owner,) = items(part(body, "metadata"), "ownerReferences")
            due = slot + jitter(owner["uid"], slot, self._jitter)
            self._lags.append(now - due.timestamp())
            self._names.add(body["metadata"]["name"])
        return None


class OneBatch:
    """A batch, how it stands, and how large its object has been."""

    def __init__(self, fake: FakeApi) -> None:
        self._store = fake.store
        self._largest = 0
        self._made = 0
        fake.store.listeners.append(self._note)

    def make(self, chunk: int, parallelism: int) -> None:
        """Of a Pipeline with one stage; how many items it has is told by the operator's book."""
        pipeline: Json = {"metadata": {"name": "plain"}, "spec": {"stages": [_STAGE]}}
        self._store.create(PIPELINES, objects.NAMESPACE, pipeline)
        spec: Json = {
            "pipelineRef": {"name": "plain"},
            "items": {"manifest": "s3://bench/items.jsonl"},
            "chunkSize": chunk,
            "parallelism": parallelism,
        }
        body: Json = {"metadata": {"name": BATCH}, "spec": spec}
        self._store.create(BATCHES, objects.NAMESPACE, body)

    def stats(self) -> Json:
        """Its status, and the most bytes that its object had as JSON."""
        known = self._store.get(BATCHES, objects.NAMESPACE, BATCH)
        status = part(known.data, "status")
        return {"status": status, "largest": self._largest, "made_runs": self._made}

    def _note(self, change: Change) -> None:
        if change.resource is PIPELINE_JOBS and change.old is None:
            self._made += 1
        if change.resource is BATCHES and change.new is not None:
            self._largest = max(self._largest, len(orjson.dumps(change.new.data)))
