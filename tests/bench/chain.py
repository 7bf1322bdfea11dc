"""Nine no-op stages on the kind cluster: stagework against a chain of bare Jobs, in one run.

``python -m tests.bench chain``. The bare chain makes the next Job when the one before has its
Complete condition: what a simple operator reaches at best. Same image, same node, same command.
With twenty at once it is run with the Pods that stagework makes too (restricted, with their
volumes), so that what the Pod costs the node and what stagework costs the cluster can be told
apart. The ways take turns, `--rounds` times: a machine is not equally fast at all times.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from statistics import median
from typing import Any, Final

import msgspec
import orjson

from hack.devcluster import cluster
from hack.devcluster.deploy import deploy
from hack.devcluster.paths import ROOT
from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import JobView
from stagework.api.resources import JOBS
from stagework.cluster.client import connection, paths
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from tests.bench import namespaces
from tests.bench.machine import describe
from tests.bench.shares import Reading, Usage, usage
from tests.bench.tables import table

STAGES: Final = 9
AT_ONCE: Final = 20
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


async def bare_chain(
    api: KubeApi, namespace: str, name: str, pod: Pod, stages: int = STAGES
) -> None:
    """One chain of Jobs, each made when the one before is Complete."""
    for index in range(stages):
        job = f"{name}-{index}"
        await api.create(paths.collection(JOBS, namespace), orjson.dumps(_bare_job(job, pod)))
        await _until(api, paths.collection(JOBS, namespace), job, _job_complete)


async def stagework_run(api: KubeApi, namespace: str, name: str) -> None:
    """One PipelineJob, until it is completed."""
    await api.create(paths.collection(PIPELINEJOB.resource, namespace), orjson.dumps(_run(name)))
    await _until(api, paths.collection(PIPELINEJOB.resource, namespace), name, _run_over)


@dataclass(frozen=True)
class Phase:
    """One way's time in one round, and who used the machine meanwhile."""

    seconds: float
    used: Usage


One = Callable[[KubeApi, str, str], Awaitable[None]]
"""One run, in that namespace, by that name, until it is done."""
Measured = dict[str, list[Phase]]
"""A phase a round, by the name of the way."""


async def main(rounds: int) -> None:
    """Deploy with room for twenty runs on one node, measure, print, and put the chart back."""
    deploy("--values", str(ROOT / "tests" / "bench" / "chain-values.yaml"))
    ways: dict[str, One] = {BARE: partial(bare_chain, pod=PLAIN_POD), OURS: stagework_run}
    try:
        async with KubeApi(connection.find(cluster.kubeconfig()), throttles=Throttles(500)) as api:
            one = await _compare(api, 1, ways, rounds)
            same = partial(bare_chain, pod=await _pod_of_ours(api))
            many = await _compare(api, AT_ONCE, {SAME_POD: same, **ways}, rounds)
    finally:
        deploy()
    settings = f"nine stages of `true`, look-ahead 2, {rounds} rounds: median (least to most)"
    columns = ("runs at once", BARE, SAME_POD, OURS, f"{OURS} / {BARE}", "goal")
    times = table(columns, [_row(1, one), _row(AT_ONCE, many)])
    phases = [(name, reduce(add, (p.used for p in many[name]))) for name in (BARE, SAME_POD, OURS)]
    shares = usage([(name, used, rounds * AT_ONCE * STAGES) for name, used in phases])
    head = "\n".join(describe())
    sys.stdout.write(f"{head}\n{settings}\n\n{times}\n\n{AT_ONCE} at once, a stage:\n\n{shares}\n")


def _row(count: int, measured: Measured) -> tuple[str, ...]:
    pairs = zip(measured[OURS], measured[BARE], strict=True)
    ratios = [ours.seconds / bare.seconds for ours, bare in pairs]
    times = (
        _spread([phase.seconds for phase in measured.get(name, [])], "{:.1f} s")
        for name in (BARE, SAME_POD, OURS)
    )
    return (str(count), *times, _spread(ratios, "{:.0%}"), f"{GOALS[count]:.0%} or less")


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return ""
    texts = (form.format(value) for value in (median(values), min(values), max(values)))
    return "{} ({} to {})".format(*texts)


async def _compare(api: KubeApi, count: int, ways: dict[str, One], rounds: int) -> Measured:
    """All ways in each round, each time another first."""
    measured: Measured = {name: [] for name in ways}
    for number in range(rounds):
        turn = number % len(ways)
        for name in [*ways][turn:] + [*ways][:turn]:
            measured[name].append(await _phase(api, ways[name], count))
    return measured


async def _pod_of_ours(api: KubeApi) -> Pod:
    """The Pod of a Job that stagework has made, without the gate that holds it."""
    async with _namespace(api) as namespace:
        await stagework_run(api, namespace, "model")
        jobs = orjson.loads(await api.get(paths.collection(JOBS, namespace)))["items"]
    made = jobs[0]["spec"]["template"]["spec"]
    spec = {**made, "nodeSelector": {names.LABEL_MACHINE: "gpu"}}
    del spec["schedulingGates"]
    return {"spec": spec}


@asynccontextmanager
async def _namespace(api: KubeApi) -> AsyncGenerator[str]:
    """Another each time, gone afterwards: Pods that have ended still cost the kubelet time.

    Where a namespace of the same name was just deleted the API server looks it up at each create.
    """
    namespace = f"bench-chain-{time.time_ns()}"
    await namespaces.make(api, namespace)
    try:
        yield namespace
    finally:
        await namespaces.remove(api, namespace, seconds=300)


async def _phase(api: KubeApi, one: One, count: int) -> Phase:
    """Seconds until the last of `count` at once is done."""
    async with _namespace(api) as namespace:
        before = await asyncio.to_thread(Reading.now, {})
        began = time.monotonic()
        await asyncio.gather(*(one(api, namespace, f"run-{number}") for number in range(count)))
        seconds = time.monotonic() - began
        after = await asyncio.to_thread(Reading.now, {})
    return Phase(seconds, Usage.between(before, after))


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
    parser = argparse.ArgumentParser(prog="bench chain", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is timed")
    asyncio.run(main(parser.parse_args().rounds))
