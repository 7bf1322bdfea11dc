"""`python -m tests.bench history`: history with a million attempts, in SQLite and in PostgreSQL.

Filled as the operator fills it: facts in batches, three an attempt (queued, started, ended), each
commit on the disk. Then the questions, each a hundred times.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from stagework.api.facts import AnyFact, AttemptFact, RunFact
from stagework.api.history import CountQuery, FailedQuery, RunQuery
from stagework.history.sql import SqlHistory
from stagework.settings import HistorySettings
from tests.bench.machine import describe
from tests.bench.tables import table
from tests.support.history.postgresql import postgresql

STAGES: Final = 9
BATCH: Final = 500
ASKED: Final = 100
DAYS: Final = 90
NOW: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
"""When the questions are asked; the runs are spread over the days before."""
NAMESPACES: Final = 8


def facts(count: int) -> Iterator[AnyFact]:
    """Of runs with so many attempts in all; one in fifty fails, one in a hundred is at work."""
    rng = random.Random(14)  # noqa: S311 - the same figures each time
    for number in range(count // STAGES):
        begun = NOW - timedelta(days=DAYS * (1 - number * STAGES / count))
        uid = f"{rng.getrandbits(128):032x}"
        yield RunFact(
            uid=uid,
            at=begun,
            namespace=f"team-{number % NAMESPACES}",
            name=f"document-{number}",
            pipeline="documents",
            title=f"Report number {number}",
            subject=f"doc-{number % 50_000}",
            created=begun,
            started=begun,
            ended=begun + timedelta(seconds=90),
            state="Completed",
            message="9 of 9 stages are done",
            stages=STAGES,
            done=STAGES,
        )
        for place in range(STAGES):
            yield from _attempt(uid, number, place, begun, rng)


def _attempt(
    uid: str, number: int, place: int, begun: datetime, rng: random.Random
) -> Iterator[AttemptFact]:
    queued = begun + timedelta(seconds=10 * place)
    started = queued + timedelta(seconds=rng.expovariate(0.5))
    ended = started + timedelta(seconds=rng.expovariate(0.2))
    fixed: dict[str, Any] = {
        "uid": uid,
        "namespace": f"team-{number % NAMESPACES}",
        "pipeline": "documents",
        "stage": f"stage_{place}",
        "attempt": 1,
        "home": "macmini",
        "maxAttempts": 3,
    }
    yield AttemptFact(at=queued, queued=queued, **fixed)
    where: dict[str, Any] = {"machine": ("macmini", "macbook")[number % 2], "node": "mini-1"}
    yield AttemptFact(at=started, started=started, **where, **fixed)
    if rng.random() < 0.01:
        return
    failed = rng.random() < 0.02
    yield AttemptFact(
        at=ended,
        ended=ended,
        outcome="Failed" if failed else "Succeeded",
        reason="NonZeroExit" if failed else "",
        message="exit code 1; its log ends: no such file" if failed else "",
        **fixed,
    )


async def fill(history: SqlHistory, count: int) -> float:
    """Facts a second."""
    posted, took = 0, 0.0
    source = facts(count)
    while batch := list(islice(source, BATCH)):
        began = time.perf_counter()
        await history.record(batch)
        took += time.perf_counter() - began
        posted += len(batch)
    return posted / took


def of_a_day() -> CountQuery:
    """What the numbers of the queue ask for, over all namespaces."""
    return CountQuery(
        namespaces=tuple(f"team-{number}" for number in range(NAMESPACES)),
        pipeline=None,
        since=NOW - timedelta(days=1),
        hour_ago=NOW - timedelta(hours=1),
        midnight=NOW - timedelta(hours=9),
        until=NOW,
    )


async def p95_ms(ask: Callable[[], Awaitable[object]]) -> float:
    """Of a hundred times, one after the other."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[ASKED * 95 // 100 - 1]


async def measure(of: HistorySettings, count: int) -> dict[str, float]:
    """Every figure of one database."""
    history = SqlHistory(of)
    await history.open()
    try:
        figures = {"facts in, a second": await fill(history, count)}
        newest = (await history.runs(RunQuery(limit=1))).items[0].uid
        deep = RunQuery(limit=100, until=NOW - timedelta(days=DAYS - 1))
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "snapshot, p95 ms": lambda: history.counts(of_a_day()),
            "failed list, p95 ms": lambda: history.failed(FailedQuery()),
            "failed list of one namespace, p95 ms": lambda: history.failed(
                FailedQuery(namespaces=("team-3",))
            ),
            "page of runs, p95 ms": lambda: history.runs(RunQuery(limit=100)),
            "the oldest page of runs, p95 ms": lambda: history.runs(deep),
            "one run, p95 ms": lambda: history.run(newest),
        }
        return figures | {what: await p95_ms(ask) for what, ask in questions.items()}
    finally:
        await history.close()


GOALS: Final = {
    "facts in, a second": "2000",
    "snapshot, p95 ms": "100",
    "failed list, p95 ms": "50",
    "failed list of one namespace, p95 ms": "50",
    "page of runs, p95 ms": "50",
    "the oldest page of runs, p95 ms": "50",
    "one run, p95 ms": "50",
}


def main() -> None:
    """Measure both, print."""
    parser = argparse.ArgumentParser(prog="bench history", description=__doc__)
    parser.add_argument("--attempts", type=int, default=1_000_000)
    count = parser.parse_args().attempts
    head = describe()
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="stagework-history-"))
        stack.callback(shutil.rmtree, folder)
        server = stack.enter_context(postgresql(durable=True))
        sqlite = asyncio.run(measure(HistorySettings(file=str(folder / "history.db")), count))
        postgres = asyncio.run(measure(server.database(), count))
    rows = [
        (what, f"{sqlite[what]:.1f}", f"{postgres[what]:.1f}", goal) for what, goal in GOALS.items()
    ]
    printed = table(("", "SQLite", "PostgreSQL", "goal"), rows)
    sys.stdout.write("\n".join([*head, f"{count} attempts", "", printed, ""]))


if __name__ == "__main__":
    main()
