"""The simulated cluster in a process of its own: `python -m tests.bench.cluster`.

Prints the URL of its API server and that of its control port, which takes
`/runs?count=10&stages=9[&per_second=11]`, `/hold?stage=3` (that stage never ends), `/clear`,
`/stats` and `/verdict` (the stats, what the invariants says, and all latencies); for schedules
`/schedules?count=10&slot=2026-11-30T12:00:00Z&jitter=59` and `/slots`, for a batch
`/batch?chunk=10&parallelism=8` and `/batch-stats`.
"""

import asyncio
import gc
import sys
import time
from collections import deque
from datetime import datetime

import orjson
from aiohttp import web

from tests.bench import objects
from tests.bench.watched_objects import OneBatch, Slots
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS, PODS, Json, items, part
from tests.support.fakeapi.server import FakeApi
from tests.support.fakeapi.simulator import Simulator
from tests.support.fakeapi.store import Change


class Cluster:
    """The fake API server, its machines, and what a bench wants to know of them."""

    def __init__(self, fake: FakeApi) -> None:
        self.fake = fake
        fake.record.bodies = False
        self._held = ""
        self.simulator = Simulator(fake.store, behave=self._behave)
        self.simulator.add_machines(gpu=12, macmini=12, macbook=12)
        self.done = 0
        self.done_at = 0.0
        self._ended: dict[str, float] = {}
        self._latencies: deque[float] = deque(maxlen=100_000)
        self._made = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots(fake)
        self._batch = OneBatch(fake)
        fake.store.listeners.append(self._note)
        fake.faults.before.append(self._arrived)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        query = request.query
        match request.path:
            case "/runs":
                work = self._fill(
                    int(query["count"]), int(query["stages"]), float(query.get("per_second", 0))
                )
                task = asyncio.create_task(work)
                self._tasks.add(task)
            case "/hold":
                self._held = f"stage_{query['stage']}"
            case "/clear":
                self._latencies.clear()
                self._ended.clear()
                self.fake.record.clear()
            case "/schedules":
                slot = datetime.fromisoformat(query["slot"])
                self._slots.make(int(query["count"]), slot, int(query["jitter"]))
            case "/batch":
                self._batch.make(int(query["chunk"]), int(query["parallelism"]))
            case path:
                return web.Response(body=orjson.dumps(self._said(path)))
        return web.Response(body=b"{}")

    def _said(self, path: str) -> Json:
        match path:
            case "/slots":
                return self._slots.stats()
            case "/batch-stats":
                return {**self._stats(), **self._batch.stats()}
            case "/stats":
                return self._stats()
            case _:
                return {**self._stats(), **self._verdict()}

    def _behave(self, pod: Json) -> Behaviour:
        held = pod["metadata"]["labels"].get("stagework.dev/stage") == self._held
        return Behaviour(seconds=1e6 if held else 0.0)

    async def _fill(self, count: int, stages: int, per_second: float) -> None:
        began = time.monotonic()
        for number in range(count):
            self._made += 1
            body = objects.run(f"run-{self._made}", stages)
            self.fake.store.create(PIPELINE_JOBS, objects.NAMESPACE, body)
            ahead = (number + 1) / per_second - (time.monotonic() - began) if per_second else 0.0
            if ahead > 0 or number % 50 == 0:
                await asyncio.sleep(max(0.0, ahead))

    def _note(self, change: Change) -> None:
        if change.new is None:
            return
        if change.resource is PODS:
            if _terminated(change.new.data) and not (change.old and _terminated(change.old.data)):
                uid = change.new.meta["labels"].get("stagework.dev/run-uid", "")
                self._ended[uid] = time.perf_counter()
        elif change.resource is PIPELINE_JOBS and change.old is not None:
            before, after = (_over(stored.data) for stored in (change.old, change.new))
            if after and not before:
                self.done += 1
                self.done_at = time.monotonic()

    async def _arrived(self, seen: Seen) -> Verdict:
        """The first gate removed, or Job not held, of a run after the end of one of its stages."""
        uid = ""
        if seen.verb == "PATCH" and seen.resource is PODS:
            pod = self.fake.store.tables[PODS].objects.get((seen.namespace, seen.name))
            uid = pod.meta["labels"].get("stagework.dev/run-uid", "") if pod else ""
        elif seen.what == "POST jobs" and b'"schedulingGates"' not in seen.body:
            # A Job made ahead of its turn answers nothing: its Pod is held.
            uid = part(seen.json(), "metadata", "labels").get("stagework.dev/run-uid", "")
        ended = self._ended.pop(uid, None)
        if ended is not None:
            self._latencies.append(time.perf_counter() - ended)
        return None

    def _stats(self) -> Json:
        return {
            "made": self._made,
            "done": self.done,
            "done_at": self.done_at,
            "now": time.monotonic(),
            "processes": len(self.simulator.invariants.runs),
            "jobs": len(self.fake.store.tables[JOBS].objects),
            "pods": len(self.fake.store.tables[PODS].objects),
            "requests": dict(self.fake.record.counts),
        }

    def _verdict(self) -> Json:
        """What needs a pass over everything that has run: asked for once, at the end."""
        invariants = self.simulator.invariants
        return {
            "doubled": len(invariants.doubled()),
            "overlaps": len(invariants.overlaps()),
            "latencies": sorted(self._latencies),
        }


def _terminated(pod: Json) -> bool:
    statuses = items(part(pod, "status"), "containerStatuses")
    return bool(statuses) and "terminated" in statuses[0].get("state", {})


def _over(run: Json) -> bool:
    return bool(part(run, "status").get("completionTime"))


async def _main() -> None:
    # Collections of a store of nested dicts would pause the server, and be measured as the
    # operator's latency.
    gc.disable()
    async with FakeApi() as fake:
        cluster = Cluster(fake)
        runner = web.ServerRunner(web.Server(cluster.answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        control = f"http://127.0.0.1:{runner.addresses[0][1]}"
        sys.stdout.write(f"{fake.url} {control}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
