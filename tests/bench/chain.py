"""Nine no-op stages on the kind cluster: stagework against a chain of bare Jobs, in one run.

``python -m tests.bench.chain``. The bare chain makes the next Job when the one before has its
Complete condition: what a simple operator reaches at best. Same image, same node, same command.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from stagework.api import names
from stagework.api.observed import JobView
from stagework.cluster import connection, paths
from stagework.cluster.errors import NotFound
from stagework.cluster.kubeapi import KubeApi
from stagework.cluster.throttle import Throttle
from tests.bed import cluster
from tests.bed.deploy import deploy
from tests.bed.tree import ROOT
from tests.bench.machine import describe
from tests.bench.shares import Reading, usage
from tests.bench.tables import table

STAGES: Final = 9
AT_ONCE: Final = 20
NAMESPACE: Final = "bench-chain"
IMAGE: Final = "stagework/tools:dev"
GOALS: Final = {1: 0.35, AT_ONCE: 0.85}
"""Share of the bare chain's time that stagework may take, by runs at once."""

_event = msgspec.json.Decoder(dict[str, Any])


async def bare_chain(api: KubeApi, name: str) -> float:
    """Seconds for one chain of Jobs, each made when the one before is Complete."""
    began = time.monotonic()
    for index in range(STAGES):
        job = f"{name}-{index}"
        await api.create(paths.jobs(NAMESPACE), orjson.dumps(_bare_job(job)))
        await _until(api, paths.jobs(NAMESPACE), job, _job_complete)
    return time.monotonic() - began


async def stagework_run(api: KubeApi, name: str) -> float:
    """Seconds for one PipelineJob."""
    began = time.monotonic()
    await api.create(paths.ours("pipelinejobs", NAMESPACE), orjson.dumps(_run(name)))
    await _until(api, paths.ours("pipelinejobs", NAMESPACE), name, _run_over)
    return time.monotonic() - began


async def measure(
    api: KubeApi, one: Callable[[KubeApi, str], Awaitable[float]], prefix: str, count: int
) -> float:
    """Seconds until the last of `count` at once is done."""
    began = time.monotonic()
    await asyncio.gather(*(one(api, f"{prefix}-{count}-{i}") for i in range(count)))
    return time.monotonic() - began


async def main() -> None:
    """Deploy with room for twenty runs on one node, measure, print, and put the chart back."""
    deploy("--values", str(ROOT / "tests" / "bench" / "chain-values.yaml"))
    try:
        async with KubeApi(connection.find(cluster.kubeconfig()), throttle=Throttle(500)) as api:
            pairs = {count: await _pair(api, count) for count in (1, AT_ONCE)}
    finally:
        deploy()
    head = "\n".join(describe())
    sys.stdout.write(f"{head}\nnine stages of `true`, look-ahead 2\n\n")
    columns = ("runs at once", "bare chain", "stagework", "ratio", "goal")
    rows = [_row(count, *pair) for count, pair in pairs.items()]
    usages = [(each.name, each.before, each.after, AT_ONCE * STAGES) for each in pairs[AT_ONCE]]
    sys.stdout.write(f"{table(columns, rows)}\n\n{AT_ONCE} at once, a stage:\n\n{usage(usages)}\n")


@dataclass(frozen=True)
class Phase:
    """One way's time, and who used the machine meanwhile."""

    name: str
    seconds: float
    before: Reading
    after: Reading


def _row(count: int, bare: Phase, ours: Phase) -> tuple[str, ...]:
    ratio = f"{ours.seconds / bare.seconds:.0%}"
    times = (f"{bare.seconds:.1f} s", f"{ours.seconds:.1f} s")
    return (str(count), *times, ratio, f"{GOALS[count]:.0%} or less")


async def _pair(api: KubeApi, count: int) -> tuple[Phase, Phase]:
    return (
        await _phase(api, "bare chain", bare_chain, count),
        await _phase(api, "stagework", stagework_run, count),
    )


async def _phase(
    api: KubeApi, name: str, one: Callable[[KubeApi, str], Awaitable[float]], count: int
) -> Phase:
    """In a namespace of its own: Pods that have ended still cost the kubelet time."""
    await _namespace(api)
    before = await asyncio.to_thread(Reading.now, {})
    seconds = await measure(api, one, "run", count)
    after = await asyncio.to_thread(Reading.now, {})
    await _remove_namespace(api)
    return Phase(name, seconds, before, after)


async def _namespace(api: KubeApi) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    if not await _there(api, f"/api/v1/namespaces/{NAMESPACE}"):
        await api.create("/api/v1/namespaces", orjson.dumps(body))


async def _remove_namespace(api: KubeApi) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}"
    await api.delete(path)
    async with asyncio.timeout(300):
        while await _there(api, path):  # noqa: ASYNC110 - a namespace has no other end
            await asyncio.sleep(1)


async def _there(api: KubeApi, path: str) -> bool:
    try:
        await api.get(path)
    except NotFound:
        return False
    return True


async def _until(
    api: KubeApi, path: str, name: str, done: Callable[[dict[str, Any]], bool]
) -> None:
    params = {"fieldSelector": f"metadata.name={name}"}
    while True:
        async with aclosing(api.watch(path, params)) as lines:
            async for line in lines:
                if done(_event.decode(line)["object"]):
                    return


def _job_complete(document: dict[str, Any]) -> bool:
    return msgspec.convert(document, JobView, strict=False).completed


def _run_over(document: dict[str, Any]) -> bool:
    summary = document.get("status", {}).get("summary", "")
    if summary in {names.STAGE_FAILED, names.INVALID_SPEC}:
        raise RuntimeError(f"the run failed: {document['status'].get('message')}")
    return summary == names.COMPLETED


def _bare_job(name: str) -> dict[str, Any]:
    container = {"name": "stage", "image": IMAGE, "command": ["true"]}
    pod = {
        "restartPolicy": "Never",
        "nodeSelector": {names.LABEL_MACHINE: "gpu"},
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def _run(name: str) -> dict[str, Any]:
    stage = {"image": IMAGE, "command": ["true"], "contract": "ExitCode", "runsOn": ["gpu"]}
    stages = [{"name": f"s{index}", **stage} for index in range(STAGES)]
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "metadata": {"name": name},
        "spec": {"stages": stages},
    }


if __name__ == "__main__":
    asyncio.run(main())
