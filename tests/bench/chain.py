"""Nine no-op stages on the kind cluster: stagework against a chain of bare Jobs, in one run.

``python -m tests.bench chain``. The bare chain makes the next Job when the one before has its
Complete condition: what a simple operator reaches at best. Same image, same node, same command.
It is run a second time with the Pods that stagework makes (restricted, with their volumes), so
that what the Pod costs the node and what stagework costs the cluster can be told apart.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
import orjson

from stagework.api import names
from stagework.api.observed import JobView
from stagework.cluster import connection, paths
from stagework.cluster.kubeapi import KubeApi
from stagework.cluster.throttle import Throttle
from tests.bed import cluster
from tests.bed.deploy import deploy
from tests.bed.tree import ROOT
from tests.bench import namespaces
from tests.bench.machine import describe
from tests.bench.shares import Reading, usage
from tests.bench.tables import table

STAGES: Final = 9
AT_ONCE: Final = 20
NAMESPACE: Final = "bench-chain"
IMAGE: Final = "stagework/tools:dev"
GOALS: Final = {1: 0.35, AT_ONCE: 0.85}
"""Share of the bare chain's time that stagework may take, by runs at once."""

BARE: Final = "bare chain"
SAME_POD: Final = "bare chain, stagework's Pods"
OURS: Final = "stagework"
Pod = dict[str, Any]
"""The template of a Job's Pod."""
PLAIN_POD: Final[Pod] = {
    "spec": {
        "restartPolicy": "Never",
        "nodeSelector": {names.LABEL_MACHINE: "gpu"},
        "containers": [{"name": "stage", "image": IMAGE, "command": ["true"]}],
    }
}
"""As a person would write it."""

_event = msgspec.json.Decoder(dict[str, Any])


async def bare_chain(api: KubeApi, name: str, pod: Pod) -> float:
    """Seconds for one chain of Jobs, each made when the one before is Complete."""
    began = time.monotonic()
    for index in range(STAGES):
        job = f"{name}-{index}"
        await api.create(paths.jobs(NAMESPACE), orjson.dumps(_bare_job(job, pod)))
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
            pod = await _pod_of_ours(api)
            rounds = {count: await _round(api, count, pod) for count in (1, AT_ONCE)}
    finally:
        deploy()
    head = "\n".join(describe())
    sys.stdout.write(f"{head}\nnine stages of `true`, look-ahead 2\n\n")
    columns = ("runs at once", BARE, SAME_POD, OURS, f"{OURS} / {BARE}", "goal")
    rows = [_row(count, phases) for count, phases in rounds.items()]
    usages = [(p.name, p.before, p.after, AT_ONCE * STAGES) for p in rounds[AT_ONCE]]
    sys.stdout.write(f"{table(columns, rows)}\n\n{AT_ONCE} at once, a stage:\n\n{usage(usages)}\n")


@dataclass(frozen=True)
class Phase:
    """One way's time, and who used the machine meanwhile."""

    name: str
    seconds: float
    before: Reading
    after: Reading


def _row(count: int, phases: Sequence[Phase]) -> tuple[str, ...]:
    bare, _, ours = (each.seconds for each in phases)
    times = (f"{each.seconds:.1f} s" for each in phases)
    return (str(count), *times, f"{ours / bare:.0%}", f"{GOALS[count]:.0%} or less")


async def _round(api: KubeApi, count: int, ours: Pod) -> tuple[Phase, Phase, Phase]:
    return (
        await _phase(api, BARE, partial(bare_chain, pod=PLAIN_POD), count),
        await _phase(api, SAME_POD, partial(bare_chain, pod=ours), count),
        await _phase(api, OURS, stagework_run, count),
    )


async def _pod_of_ours(api: KubeApi) -> Pod:
    """The Pod of a Job that stagework has made, without the gate that holds it."""
    await namespaces.make(api, NAMESPACE)
    await stagework_run(api, "model")
    jobs = orjson.loads(await api.get(paths.jobs(NAMESPACE)))["items"]
    await namespaces.remove(api, NAMESPACE, seconds=300)
    made = jobs[0]["spec"]["template"]["spec"]
    spec = {**made, "nodeSelector": {names.LABEL_MACHINE: "gpu"}}
    del spec["schedulingGates"]
    return {"spec": spec}


async def _phase(
    api: KubeApi, name: str, one: Callable[[KubeApi, str], Awaitable[float]], count: int
) -> Phase:
    """In a namespace of its own: Pods that have ended still cost the kubelet time."""
    await namespaces.make(api, NAMESPACE)
    before = await asyncio.to_thread(Reading.now, {})
    seconds = await measure(api, one, "run", count)
    after = await asyncio.to_thread(Reading.now, {})
    await namespaces.remove(api, NAMESPACE, seconds=300)
    return Phase(name, seconds, before, after)


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


def _bare_job(name: str, pod: Pod) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": pod},
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
