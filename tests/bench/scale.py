"""Thousands of one-stage runs at once on simulated nodes of the kind cluster's real control plane.

``python -m tests.bench.scale [--runs 5000] [--bare 1000]``. KWOK plays twenty nodes, so the API
server, the controller-manager, the scheduler and stagework share this machine and nothing else
is measured. The rate of bare one-Pod Jobs in the same run is the control plane's own ceiling; who
uses the cores in both says what limits. Everything is removed afterwards, also after a failure.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from hack.devcluster import cache, cluster, go_programs
from hack.devcluster.deploy import deploy
from hack.devcluster.paths import ROOT
from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.cluster.client import connection, paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from tests.bench import namespaces
from tests.bench.machine import describe
from tests.bench.shares import Reading, Usage, usage
from tests.bench.tables import table

NAMESPACE: Final = "bench-scale"
NODES: Final = 20
KWOK: Final = "0.7.0"
LIMIT_SECONDS: Final = 1800.0
"""No phase may take longer."""
TAINT: Final = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}


class _Named(msgspec.Struct):
    name: str = ""


class _Object(msgspec.Struct):
    metadata: _Named = msgspec.field(default_factory=_Named)


class _Event(msgspec.Struct):
    type: str
    object: _Object


_event = msgspec.json.Decoder(_Event)


@contextmanager
def kwok() -> Generator[int]:
    """KWOK as a process of this machine, with its built-in fast stages; gives its pid."""
    program = go_programs.installed("kwok", "sigs.k8s.io/kwok/cmd/kwok", KWOK)
    source = go_programs.module_folder("sigs.k8s.io/kwok", KWOK) / "kustomize" / "stage"
    configs = [
        source / "node" / "fast" / "node-initialize.yaml",
        source / "node" / "heartbeat-with-lease" / "node-heartbeat-with-lease.yaml",
        *sorted((source / "pod" / "fast").glob("pod-*.yaml")),
    ]
    with (cache.folder("logs") / "kwok.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(program), f"--kubeconfig={cluster.kubeconfig()}"),
                "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
                "--node-lease-duration-seconds=40",
                *(f"--config={path}" for path in configs),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@dataclass(frozen=True)
class Phase:
    """One way of doing the work, and what it took."""

    name: str
    count: int
    seconds: float
    used: Usage

    @property
    def rate(self) -> float:
        return self.count / self.seconds


async def main() -> None:
    """Measure, print, and put everything back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--bare", type=int, default=1000)
    asked = parser.parse_args()
    head = describe()
    values = ROOT / "tests" / "bench" / "scale-values.yaml"
    deploy("--values", str(values))
    try:
        target = connection.find(cluster.kubeconfig())
        async with KubeApi(target, throttles=Throttles(1000)) as api:
            phases = await _measure(api, asked)
    finally:
        deploy()
    bare, ours = phases
    rows = [(*_row(bare), "-"), (*_row(ours), f"{ours.rate / bare.rate:.0%}")]
    columns = ("way", "at once", "time to the last", "a second", "share of the ceiling")
    usages = [(phase.name, phase.used, phase.count) for phase in phases]
    parts = [
        "\n".join(head),
        f"{NODES} KWOK {KWOK} nodes, one stage a run; {values.name}; kind's control plane",
        table(columns, rows),
        usage(usages),
    ]
    sys.stdout.write("\n\n".join(parts) + "\n")


async def _measure(api: KubeApi, asked: argparse.Namespace) -> tuple[Phase, Phase]:
    with kwok() as pid:
        pids = {"KWOK": pid, "this bench (client)": os.getpid()}
        async with on_kwok_nodes(api):
            bare = await _phase(
                api,
                "bare Jobs",
                paths.collection(JOBS, NAMESPACE),
                bodies=[_job(index) for index in range(asked.bare)],
                selector="status.successful=1",
                pids=pids,
            )
            ours = await _phase(
                api,
                "stagework",
                paths.collection(PIPELINEJOB.resource, NAMESPACE),
                bodies=[_run(index) for index in range(asked.runs)],
                selector=f"status.summary={names.COMPLETED}",
                pids=pids,
            )
    return bare, ours


async def _phase(
    api: KubeApi,
    name: str,
    path: str,
    *,
    bodies: list[dict[str, Any]],
    selector: str,
    pids: dict[str, int],
) -> Phase:
    """From the first request until all are in the selection, which says that they are done."""
    before = Reading.now(pids)
    began = time.monotonic()
    async with asyncio.timeout(LIMIT_SECONDS):
        await _create(api, path, bodies)
        sys.stderr.write(f"{name}: {len(bodies)} made, {time.monotonic() - began:.0f} s\n")
        await _done(api, path, selector, len(bodies))
    seconds = time.monotonic() - began
    sys.stderr.write(f"{name}: {len(bodies)} done, {seconds:.0f} s\n")
    used = Usage.between(before, Reading.now(pids))
    return Phase(name, len(bodies), seconds, used)


def _row(phase: Phase) -> tuple[str, ...]:
    return (phase.name, str(phase.count), f"{phase.seconds:.0f} s", f"{phase.rate:.1f}")


async def _create(api: KubeApi, path: str, bodies: list[dict[str, Any]]) -> None:
    gate = asyncio.Semaphore(16)

    async def one(body: dict[str, Any]) -> None:
        async with gate:
            await api.create(path, orjson.dumps(body))

    await asyncio.gather(*(one(body) for body in bodies))


async def _done(api: KubeApi, path: str, selector: str, count: int) -> None:
    """Until so many objects are in the selection: a watch, since lists of thousands cost CPU."""
    seen: set[str] = set()
    while len(seen) < count:
        async with aclosing(api.watch(path, {"fieldSelector": selector})) as lines:
            async for line in lines:
                event = _event.decode(line)
                if event.type in {"ADDED", "MODIFIED"}:
                    seen.add(event.object.metadata.name)
                if len(seen) == count:
                    return


@asynccontextmanager
async def on_kwok_nodes(api: KubeApi) -> AsyncGenerator[None]:
    """The nodes and the namespace, gone afterwards."""
    try:
        await _clean_up(api)  # of a bench that was killed
        await namespaces.make(api, NAMESPACE)
        await _create(api, "/api/v1/nodes", [_node(index) for index in range(NODES)])
        yield
    finally:
        await _clean_up(api)


async def _clean_up(api: KubeApi) -> None:
    """The namespace while KWOK still ends its Pods, then the nodes and what they had of others."""
    await namespaces.remove(api, NAMESPACE, seconds=LIMIT_SECONDS)
    for index in range(NODES):
        await _delete(api, f"/api/v1/nodes/kwok-{index}")
        pods = await api.get("/api/v1/pods", {"fieldSelector": f"spec.nodeName=kwok-{index}"})
        for pod in msgspec.json.decode(pods)["items"]:
            meta = pod["metadata"]
            at_once = orjson.dumps({"gracePeriodSeconds": 0})
            await _delete(
                api, paths.object_path(ObjectRef(PODS, meta["namespace"], meta["name"])), at_once
            )


async def _delete(api: KubeApi, path: str, options: bytes | None = None) -> None:
    with suppress(NotFound):
        await api.delete(path, options)


def _node(index: int) -> dict[str, Any]:
    capacity = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"kwok-{index}",
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {names.LABEL_MACHINE: "kwok", "type": "kwok"},
        },
        "spec": {"taints": [TAINT]},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def bare_pod() -> dict[str, Any]:
    """Of a Job that needs nothing of us."""
    return {
        "restartPolicy": "Never",
        "nodeSelector": {names.LABEL_MACHINE: "kwok"},
        "tolerations": [TAINT],
        "containers": [{"name": "stage", "image": "none"}],
    }


def _job(index: int) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"bare-{index}"},
        "spec": {"backoffLimit": 0, "template": {"spec": bare_pod()}},
    }


def _run(index: int) -> dict[str, Any]:
    stage = {"name": "only", "runsOn": ["kwok"], "image": "none", "contract": "ExitCode"}
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "metadata": {"name": f"run-{index}"},
        "spec": {"stages": [stage]},
    }


if __name__ == "__main__":
    asyncio.run(main())
