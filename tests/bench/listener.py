"""`python -m tests.bench listener`: rows of a table that become runs, and are written back.

A real PostgreSQL, each commit on the disk; the fake API server in the same process. First a pile
of rows that are there at the start: how many a second get their run. Then rows that come one by
one: how long from the insert to the run, and from a change of the run to the row.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from tests.bench.machine import describe
from tests.bench.tables import table as as_table
from tests.support.builders.written_runs import run_of, stage
from tests.support.fakeapi.server import FakeApi
from tests.support.history.postgresql import postgresql
from tests.support.listener import RIGHTS, Cluster, Table, listening
from tests.support.listener import table as new_table

GOALS: Final = {
    "rows that wait become runs, a second": "100",
    "insert to run made, p50 ms": "50",
    "insert to run made, p99 ms": "250",
    "run changed to row written, p50 ms": "150",
    "run changed to row written, p99 ms": "500",
}
UNTHROTTLED: Final = 100_000
_TICK: Final = 0.0005
RUNNING: Final = run_of(stage("img_gen", "Running", start=1))


async def until(condition: Callable[[], bool], seconds: float = 300) -> float:
    """When the condition holds, by the clock of durations."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, not only events
            await asyncio.sleep(_TICK)
    return time.perf_counter()


async def pile(jobs: Table, ads: Cluster, count: int) -> float:
    """Rows a second, of those that were there at the start, until the last one is on record."""
    jobs.execute(
        "INSERT INTO jobs (tenant_id, title) SELECT 'acme', 'shoes' FROM generate_series(1, %s)",
        count,
    )
    began = time.perf_counter()
    async with listening(jobs.settings, ads.api):
        await until(lambda: len(ads.runs()) == count)
        await until(lambda: not jobs.execute("SELECT FROM jobs WHERE run_uid IS NULL LIMIT 1"))
    return count / (time.perf_counter() - began)


async def one_by_one(jobs: Table, ads: Cluster, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from insert to run, and from the run's change to the row."""
    made, written = list[float](), list[float]()
    async with listening(jobs.settings, ads.api) as listener:
        await until(lambda: listener.ready)
        for _ in range(count):
            began = time.perf_counter()
            row = await asyncio.to_thread(jobs.insert)
            made.append((await until(lambda row=row: bool(_run(ads, row))) - began) * 1000)
            await until(lambda row=row: jobs.row(row)["run_uid"] is not None)
            began = time.perf_counter()
            ads.show(RUNNING, row)
            seen = await until(lambda row=row: jobs.row(row)["status"] == "running")
            written.append((seen - began) * 1000)
    return made, written


def _run(ads: Cluster, row: str) -> object:
    return ads.runs().get(row)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(piled: int, single: int) -> dict[str, float]:
    """Every figure."""
    throttles = Throttles(UNTHROTTLED)
    with postgresql(durable=True) as server:
        async with (
            FakeApi(rights=RIGHTS) as first,
            KubeApi(Target(first.url), throttles=throttles) as api,
        ):
            rate = await pile(new_table(server), Cluster(first, api), piled)
        async with FakeApi(rights=RIGHTS) as second, KubeApi(Target(second.url)) as api:
            jobs = new_table(server, scanSeconds=3600)
            made, written = await one_by_one(jobs, Cluster(second, api), single)
    figures = [rate]
    for times in (made, written):
        figures += [percentile(times, 0.5), percentile(times, 0.99)]
    return dict(zip(GOALS, figures, strict=True))


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="bench listener", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000, help="rows that are there at the start")
    parser.add_argument("--single", type=int, default=500, help="rows that come one by one")
    asked = parser.parse_args()
    head = describe()
    figures = asyncio.run(measure(asked.rows, asked.single))
    rows = [(what, f"{figures[what]:.1f}", goal) for what, goal in GOALS.items()]
    said = f"{asked.rows} rows at the start, then {asked.single} one by one; the fake API server, "
    said += "which is in the same process, takes its part of these figures"
    printed = as_table(("", "listener", "goal"), rows)
    sys.stdout.write("\n".join([*head, said, "", printed, ""]))


if __name__ == "__main__":
    main()
