"""Thousands of one-stage runs at once on simulated nodes of the kind cluster's real control plane.

``python -m tests.bench.scale [--runs 5000] [--bare 1000]``. KWOK plays twenty nodes, so the API
server, the controller-manager, the scheduler and stagework share this machine and nothing else
is measured. The rate of bare one-Pod Jobs in the same run is the control plane's own ceiling.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import orjson

from stagework.api import names
from stagework.cluster import connection, paths
from stagework.cluster.errors import NotFound
from stagework.cluster.kubeapi import KubeApi
from stagework.cluster.throttle import Throttle
from tests.bed import cluster, gotools
from tests.bed.deploy import deploy
from tests.bed.tree import ROOT
from tests.bench.machine import describe
from tests.bench.tables import table

NAMESPACE: Final = "bench-scale"
NODES: Final = 20
KWOK: Final = "0.7.0"
TAINT: Final = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}


@contextmanager
def kwok() -> Generator[None]:
    """KWOK as a process of this machine, with its built-in fast stages."""
    program = gotools.installed("kwok", "sigs.k8s.io/kwok/cmd/kwok", KWOK)
    source = gotools.module_folder("sigs.k8s.io/kwok", KWOK) / "kustomize" / "stage"
    configs = [
        source / "node" / "fast" / "node-initialize.yaml",
        source / "node" / "heartbeat-with-lease" / "node-heartbeat-with-lease.yaml",
        *sorted((source / "pod" / "fast").glob("pod-*.yaml")),
    ]
    options = [f"--config={path}" for path in configs]
    process = subprocess.Popen(
        [
            *(str(program), f"--kubeconfig={cluster.kubeconfig()}"),
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            "--node-lease-parallelism=4",
            *options,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


async def main() -> None:
    """Measure, print, and put everything back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--bare", type=int, default=1000)
    asked = parser.parse_args()
    deploy("--values", str(ROOT / "tests" / "bench" / "scale-values.yaml"))
    async with KubeApi(connection.find(), throttle=Throttle(400)) as api:
        try:
            with kwok():
                await _prepare(api)
                bare = await _bare(api, asked.bare)
                ours = await _ours(api, asked.runs)
        finally:
            await _clean_up(api)
            deploy()
    head = "\n".join(describe())
    sys.stdout.write(f"{head}\n{NODES} KWOK {KWOK} nodes, one stage a run\n\n")
    rows = [
        ("bare Jobs", str(asked.bare), f"{bare:.0f} s", f"{asked.bare / bare:.1f}", "-"),
        (
            "stagework",
            str(asked.runs),
            f"{ours:.0f} s",
            f"{asked.runs / ours:.1f}",
            _share(asked, bare, ours),
        ),
    ]
    columns = ("way", "at once", "time to the last", "a second", "share of the ceiling")
    sys.stdout.write(table(columns, rows) + "\n")


def _share(asked: argparse.Namespace, bare: float, ours: float) -> str:
    return f"{(asked.runs / ours) / (asked.bare / bare):.0%}"


async def _bare(api: KubeApi, count: int) -> float:
    began = time.monotonic()
    await _create(api, paths.jobs(NAMESPACE), [_job(index) for index in range(count)])
    await _drained(api, paths.jobs(NAMESPACE), {"fieldSelector": "status.successful!=1"})
    return time.monotonic() - began


async def _ours(api: KubeApi, count: int) -> float:
    path = paths.ours("pipelinejobs", NAMESPACE)
    began = time.monotonic()
    await _create(api, path, [_run(index) for index in range(count)])
    await _drained(api, path, {"fieldSelector": f"status.summary!={names.COMPLETED}"})
    return time.monotonic() - began


async def _create(api: KubeApi, path: str, bodies: list[dict[str, Any]]) -> None:
    gate = asyncio.Semaphore(16)

    async def one(body: dict[str, Any]) -> None:
        async with gate:
            await api.create(path, orjson.dumps(body))

    await asyncio.gather(*(one(body) for body in bodies))


async def _drained(api: KubeApi, path: str, params: dict[str, str]) -> None:
    """Until nothing is left of the selection; asks every second for one object only."""
    while True:
        body = await api.get(path, {**params, "limit": "1"})
        if not msgspec.json.decode(body)["items"]:
            return
        await asyncio.sleep(1)


async def _prepare(api: KubeApi) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await api.create("/api/v1/namespaces", orjson.dumps(body))
    await _create(api, "/api/v1/nodes", [_node(index) for index in range(NODES)])


async def _clean_up(api: KubeApi) -> None:
    gone = [f"/api/v1/namespaces/{NAMESPACE}"]
    gone += [f"/api/v1/nodes/kwok-{index}" for index in range(NODES)]
    for path in gone:
        try:
            await api.delete(path)
        except NotFound:
            continue


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


def _job(index: int) -> dict[str, Any]:
    pod = {
        "restartPolicy": "Never",
        "nodeSelector": {names.LABEL_MACHINE: "kwok"},
        "tolerations": [TAINT],
        "containers": [{"name": "stage", "image": "none"}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"bare-{index}"},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
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
