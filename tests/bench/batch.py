"""A batch against a bare Indexed Job, and how much faster more workers are.

``python -m tests.bench batch [--items 10000] [--on simulator|kwok|both]``. First on the simulated
API server (`batch_counts`), 100,000 items; then on KWOK nodes of the kind cluster's real control
plane: a no-op one-stage pipeline, in chunks of one item and of ten, and an Indexed Job of as many
completions, with as many Pods at once, taking turns in one run. Then batches with 1, 2, 4 and 8
chunks at once, against what one at a time takes: its time from the first run to the end of the last
one, divided by the parallelism, and what it takes before and after. Everything is removed
afterwards, also after a failure.

What sizes of chunks and estimates are worth: `python -m tests.bench chunks`.
"""

import argparse
import asyncio
import os
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from hack.devcluster import cluster
from hack.devcluster.deploy import deploy
from hack.devcluster.paths import ROOT
from stagework.api import names
from stagework.api.kinds import BATCH, PIPELINE, PIPELINEJOB
from stagework.api.resources import CONFIG_MAPS, JOBS, ApiResource
from stagework.cluster.client import connection, paths
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from tests.bench.batch_counts import simulated
from tests.bench.machine import describe
from tests.bench.scale import KWOK, LIMIT_SECONDS, NAMESPACE, NODES, bare_pod, kwok, on_kwok_nodes
from tests.bench.shares import Reading, Usage, usage
from tests.bench.tables import table

SIMULATED_ITEMS: Final = 100_000
CHUNKS: Final = (1, 10)
AT_ONCE: Final = 100
"""Pods at once, of the Indexed Job and of the batch."""
PARALLELISM: Final = (1, 2, 4, 8)
WITHIN: Final = 0.15
BARE: Final = "bare Indexed Job"
_PIPELINE: Final = "plain"
_LIST: Final = "items"

_event = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True)
class Done:
    """One way of working on all items."""

    name: str
    items: int
    seconds: float
    used: Usage
    working: float = 0.0
    """Seconds from the first run of a chunk to the end of the last one."""


async def main(asked: argparse.Namespace) -> None:
    """Measure, print, and put everything back."""
    sys.stdout.write("\n".join([*describe(), ""]))
    if asked.on in {"simulator", "both"}:
        sys.stdout.write(f"\n{await simulated(asked.simulated_items, asked.chunk)}\n")
        sys.stdout.flush()
    if asked.on in {"kwok", "both"}:
        deploy("--values", str(ROOT / "tests" / "bench" / "scale-values.yaml"))
        try:
            target = connection.find(cluster.kubeconfig())
            async with KubeApi(target, throttles=Throttles(1000)) as api:
                await _on_kwok(api, asked.items, asked.workers_items, asked.chunk)
        finally:
            deploy()


async def _on_kwok(api: KubeApi, items: int, workers_items: int, chunk: int) -> None:
    with kwok() as pid:
        pids = {"KWOK": pid, "this bench (client)": os.getpid()}
        async with on_kwok_nodes(api):
            await _make(api, PIPELINE.resource, _pipeline())
            await _list_of(api, items)
            ways = [await _bare(api, items, pids)]
            ways += [await _batch(api, items, size, AT_ONCE, pids) for size in CHUNKS]
            _print_ways(ways)
            await _list_of(api, workers_items)
            workers = [await _batch(api, workers_items, chunk, n, pids) for n in PARALLELISM]
            _print_workers(workers, workers_items, chunk)


def _print_ways(ways: list[Done]) -> None:
    bare = ways[0]
    rows = [
        (way.name, f"{way.seconds:.0f} s", f"{way.items / way.seconds:.1f}", _share(way, bare))
        for way in ways
    ]
    settings = f"{bare.items} items, {AT_ONCE} Pods at once, {NODES} KWOK {KWOK} nodes"
    columns = ("way", "time to the last", "items a second", "of the bare Job's")
    used = usage([(way.name, way.used, way.items) for way in ways])
    sys.stdout.write(f"\nsettings: {settings}\n\n{table(columns, rows)}\n\nan item:\n\n{used}\n")
    sys.stdout.flush()


def _share(way: Done, bare: Done) -> str:
    return "-" if way is bare else f"{bare.seconds / way.seconds:.0%}"


def _print_workers(workers: list[Done], items: int, chunk: int) -> None:
    alone = workers[0]
    fixed = alone.seconds - alone.working
    rows = list[tuple[str, ...]]()
    for parallelism, done in zip(PARALLELISM, workers, strict=True):
        wanted = alone.working / parallelism + fixed
        off = done.seconds / wanted - 1
        met = "met" if off <= WITHIN else "missed"
        rows.append(
            (str(parallelism), f"{done.seconds:.1f} s", f"{wanted:.1f} s", f"{off:+.0%}", met)
        )
    columns = ("at once", "time", "expected", "off by", f"within {WITHIN:.0%}")
    chunks = -(-items // chunk)
    settings = (
        f"{items} items in chunks of {chunk}, {alone.working / chunks:.2f} s a chunk alone, "
        f"{fixed:.1f} s before and after"
    )
    sys.stdout.write(f"\nsettings: {settings}\n\n{table(columns, rows)}\n")


async def _bare(api: KubeApi, items: int, pids: dict[str, int]) -> Done:
    before, began = Reading.now(pids), time.monotonic()
    await _make(api, JOBS, _indexed_job(items))
    await _until(api, JOBS, "indexed", _ended)
    return Done(BARE, items, time.monotonic() - began, Usage.between(before, Reading.now(pids)))


async def _batch(
    api: KubeApi, items: int, chunk: int, parallelism: int, pids: dict[str, int]
) -> Done:
    name = f"batch-{chunk}-{parallelism}-{time.time_ns() % 1_000_000}"
    moments: list[float] = []
    noting = asyncio.create_task(_note_runs(api, name, moments))
    try:
        before, began = Reading.now(pids), time.monotonic()
        await _make(api, BATCH.resource, _batch_body(name, items, chunk, parallelism))
        status = (await _until(api, BATCH.resource, name, _ended))["status"]
        seconds = time.monotonic() - began
        used = Usage.between(before, Reading.now(pids))
    finally:
        noting.cancel()
    if (status.get("done"), status.get("failed", 0)) != (items, 0):
        raise RuntimeError(f"{name} ended with {status.get('message')}")
    return Done(f"batch, chunks of {chunk}", items, seconds, used, moments[-1] - moments[0])


async def _note_runs(api: KubeApi, batch: str, moments: list[float]) -> None:
    """When the first run was seen and each one's end, in order; until cancelled."""
    params = {"labelSelector": f"{names.LABEL_BATCH}={batch}"}
    path = paths.collection(PIPELINEJOB.resource, NAMESPACE)
    ended: set[str] = set()
    while True:
        async with aclosing(api.watch(path, params)) as lines:
            async for line in lines:
                run = _event.decode(line)["object"]
                uid = run["metadata"].get("uid", "")
                is_end = bool(run.get("status", {}).get("completionTime")) and uid not in ended
                if is_end:
                    ended.add(uid)
                if is_end or not moments:
                    moments.append(time.monotonic())


async def _until(api: KubeApi, resource: ApiResource, name: str, done: Any) -> dict[str, Any]:
    params = {"fieldSelector": f"metadata.name={name}"}
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with aclosing(api.watch(paths.collection(resource, NAMESPACE), params)) as lines:
                async for line in lines:
                    known = _event.decode(line)["object"]
                    if done(known):
                        return known


def _ended(known: dict[str, Any]) -> bool:
    return bool(known.get("status", {}).get("completionTime"))


async def _make(api: KubeApi, resource: ApiResource, body: dict[str, Any]) -> None:
    await api.create(paths.collection(resource, NAMESPACE), orjson.dumps(body))


async def _list_of(api: KubeApi, count: int) -> None:
    """The list of items, as a ConfigMap."""
    lines = "".join(f'{{"uri":"https://example.org/{number}"}}\n' for number in range(count))
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{_LIST}-{count}"},
        "data": {"items.jsonl": lines},
    }
    await _make(api, CONFIG_MAPS, body)


def _pipeline() -> dict[str, Any]:
    stage = {"name": "only", "runsOn": ["kwok"], "image": "none", "contract": "ExitCode"}
    return {
        "apiVersion": names.API_VERSION,
        "kind": PIPELINE.kind,
        "metadata": {"name": _PIPELINE},
        "spec": {"stages": [stage]},
    }


def _batch_body(name: str, items: int, chunk: int, parallelism: int) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": BATCH.kind,
        "metadata": {"name": name},
        "spec": {
            "pipelineRef": {"name": _PIPELINE},
            "items": {"configMapRef": {"name": f"{_LIST}-{items}", "key": "items.jsonl"}},
            "chunkSize": chunk,
            "parallelism": parallelism,
        },
    }


def _indexed_job(items: int) -> dict[str, Any]:
    spec = {"completionMode": "Indexed", "completions": items, "parallelism": AT_ONCE}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "indexed"},
        "spec": {**spec, "backoffLimit": 0, "template": {"spec": bare_pod()}},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench batch", description=__doc__)
    parser.add_argument("--on", choices=["simulator", "kwok", "both"], default="both")
    parser.add_argument("--simulated-items", type=int, default=SIMULATED_ITEMS)
    parser.add_argument("--items", type=int, default=10_000, help="on KWOK, against the bare Job")
    parser.add_argument("--workers-items", type=int, default=400, help="with 1 to 8 at once")
    parser.add_argument("--chunk", type=int, default=10, help="items a chunk where not compared")
    asyncio.run(main(parser.parse_args()))
