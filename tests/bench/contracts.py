"""What a contract costs a stage, on the kind cluster: `python -m tests.bench contracts`.

A line of no-op stages with each contract, and one of bare Jobs, taking turns. With Files each has
an input file of the stage before it and leaves one. The release is used as it is installed.
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
from tests.bench.chain import PLAIN_POD, bare_chain
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
BARE: Final = "bare Jobs"
WAYS: Final = (BARE, *SCRIPTS)

_event = msgspec.json.Decoder(dict[str, Any])


async def main(rounds: int) -> None:
    """Measure and print."""
    measured: dict[str, list[float]] = {way: [] for way in WAYS}
    async with KubeApi(connection.find(cluster.kubeconfig()), throttles=Throttles(500)) as api:
        for number in range(rounds):
            turn = number % len(WAYS)
            for way in (*WAYS[turn:], *WAYS[:turn]):
                measured[way].append(await _seconds(api, way) / STAGES)
    head = "\n".join(describe())
    settings = f"{STAGES} no-op stages in a line, look-ahead 2, {rounds} rounds"
    columns = ("a stage of", "median", "least to most", "more than ExitCode in the same round")
    text = table(
        columns, [_row(way, times, measured["ExitCode"]) for way, times in measured.items()]
    )
    sys.stdout.write(f"{head}\n{settings}\n\n{text}\n")


def _row(way: str, times: list[float], least: list[float]) -> tuple[str, ...]:
    more = median(one - other for one, other in zip(times, least, strict=True))
    spread = f"{min(times):.2f} to {max(times):.2f} s"
    return (way, f"{median(times):.2f} s", spread, f"{more:+.2f} s")


async def _seconds(api: KubeApi, way: str) -> float:
    async with _namespace(api) as namespace:
        began = time.monotonic()
        if way == BARE:
            await bare_chain(api, namespace, "line", PLAIN_POD, STAGES)
        else:
            path = paths.collection(PIPELINEJOB.resource, namespace)
            await api.create(path, orjson.dumps(_run(way)))
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
