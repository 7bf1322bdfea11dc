"""What a contract costs a stage, on the kind cluster: `python -m tests.bench contracts`.

A line of no-op stages with each contract, taking turns. With Files each has an input file of the
stage before it and leaves one. The release is used as it is installed.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from statistics import median
from typing import Any, Final

import msgspec
import orjson

from hack.devcluster import cluster
from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.cluster.client import connection, paths
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from tests.bench import namespaces
from tests.bench.machine import describe
from tests.bench.tables import table
from tests.support.cluster.stages import MARK, TOOLS_IMAGE

STAGES: Final = 5
SCRIPTS: Final = {
    "ExitCode": "true",
    "Mark": MARK,
    "Files": "echo $STAGEWORK_STAGE > out/name",
}
"""The shell line of a stage that does nothing, by contract."""

_event = msgspec.json.Decoder(dict[str, Any])


async def main(rounds: int) -> None:
    """Measure and print."""
    measured: dict[str, list[float]] = {contract: [] for contract in SCRIPTS}
    async with KubeApi(connection.find(cluster.kubeconfig()), throttles=Throttles(500)) as api:
        for number in range(rounds):
            ways = [*SCRIPTS][number % len(SCRIPTS) :] + [*SCRIPTS][: number % len(SCRIPTS)]
            for contract in ways:
                measured[contract].append(await _seconds(api, contract) / STAGES)
    rows = [
        (contract, f"{median(times):.1f} s", f"{min(times):.1f} to {max(times):.1f} s")
        for contract, times in measured.items()
    ]
    head = "\n".join(describe())
    settings = f"{STAGES} no-op stages in a line, look-ahead 2, {rounds} rounds"
    text = table(("contract", "a stage, median", "least to most"), rows)
    sys.stdout.write(f"{head}\n{settings}\n\n{text}\n")


async def _seconds(api: KubeApi, contract: str) -> float:
    async with _namespace(api) as namespace:
        began = time.monotonic()
        path = paths.collection(PIPELINEJOB.resource, namespace)
        await api.create(path, orjson.dumps(_run(contract)))
        await _until_over(api, path)
        return time.monotonic() - began


@asynccontextmanager
async def _namespace(api: KubeApi) -> AsyncGenerator[str]:
    namespace = f"bench-contracts-{time.time_ns()}"
    await namespaces.make(api, namespace)
    try:
        yield namespace
    finally:
        await namespaces.remove(api, namespace, seconds=300)


def _run(contract: str) -> dict[str, Any]:
    stage = {"image": TOOLS_IMAGE, "contract": contract, "runsOn": ["gpu"], "retries": 0}
    command = ["sh", "-c", SCRIPTS[contract]]
    stages = [{"name": f"s{number}", "command": command, **stage} for number in range(STAGES)]
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "metadata": {"name": "line"},
        "spec": {"stages": stages},
    }


async def _until_over(api: KubeApi, path: str) -> None:
    while True:
        async with aclosing(api.watch(path, {})) as lines:
            async for line in lines:
                summary = _event.decode(line)["object"].get("status", {}).get("summary", "")
                if summary == names.COMPLETED:
                    return
                if summary in {names.STAGE_FAILED, names.INVALID_SPEC}:
                    raise RuntimeError(f"the run ended with {summary}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench contracts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed")
    asyncio.run(main(parser.parse_args().rounds))
