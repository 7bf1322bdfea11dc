"""A large batch on the simulated API server: exact counts, memory, writes and size of the object.

The first part of `python -m tests.bench batch`. The operator is a process of its own, with a book
of items that counts how often each was taken in (`counting_operator`): every thousandth fails.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tests.bench.counting_operator import BAD_EVERY
from tests.bench.stand import Stand
from tests.bench.tables import table

PARALLELISM: Final = 64
MOST_BYTES: Final = 32 * 1024
BATCH_WRITES: Final = ("POST pipelinejobs", "PATCH batches/status", "DELETE pipelinejobs")
CHILD_WRITES: Final = ("POST jobs", "PATCH pipelinejobs/status", "PATCH pods", "DELETE jobs")


@dataclass(frozen=True)
class Counted:
    """What came of it."""

    seconds: float
    stats: dict[str, Any]
    book: dict[str, int]
    before_mib: float
    at_most_mib: float


async def simulated(items: int, chunk: int) -> str:
    """The table, with its settings."""
    counted = await _play(items, chunk)
    settings = (
        f"settings: {items} items in chunks of {chunk}, parallelism {PARALLELISM}, one stage that "
        f"ends at once, every {BAD_EVERY}th item fails"
    )
    return f"{settings}\n\n{table(('', 'here', 'goal'), list(_rows(counted, items, chunk)))}"


async def _play(items: int, chunk: int) -> Counted:
    async with Stand() as stand:
        operator = await stand.start_counting(items)
        await stand.watched()
        await asyncio.sleep(3)
        before = operator.memory_mib()
        await stand.ask("clear")
        began = time.monotonic()
        await stand.ask("batch", chunk=chunk, parallelism=PARALLELISM)
        stats = await _ended(stand, seconds=120 + items / chunk / 5)
        seconds = time.monotonic() - began
        at_most = operator.memory_mib("VmHWM")
        await operator.stop()
        book = orjson.loads(await operator.first_line())
        return Counted(seconds, stats, book, before, at_most)


async def _ended(stand: Stand, seconds: float) -> dict[str, Any]:
    """Until it has its completion time, and the last chunk's run has gone."""
    async with asyncio.timeout(seconds):
        while True:
            stats = await stand.ask("batch-stats")
            gone = stats["requests"].get("DELETE pipelinejobs", 0) >= stats["made_runs"]
            if stats["status"].get("completionTime") and gone:
                return stats
            assert stand.operator is not None
            stand.operator.check()
            await asyncio.sleep(2)


def _rows(counted: Counted, items: int, chunk: int) -> list[tuple[str, str, str]]:
    status, requests = counted.stats["status"], counted.stats["requests"]
    chunks, failed = -(-items // chunk), items // BAD_EVERY
    said = [status.get(what, 0) for what in ("done", "failed", "skipped")]
    writes = {what: requests.get(what, 0) / chunks for what in (*BATCH_WRITES, *CHILD_WRITES)}
    own, child = (sum(writes[what] for what in some) for some in (BATCH_WRITES, CHILD_WRITES))
    book = counted.book
    return [
        ("done, failed, skipped", ", ".join(map(str, said)), f"{items - failed}, {failed}, 0"),
        ("items taken in once, never, more than once", _of_book(book), f"{items}, 0, 0"),
        ("items a second", f"{items / counted.seconds:.0f}", ""),
        ("operator's memory before, MiB", f"{counted.before_mib:.0f}", ""),
        ("operator's memory at most, MiB", f"{counted.at_most_mib:.0f}", ""),
        ("writes a chunk beyond its run's own", f"{own:.2f}", "3"),
        *((f"  {what}", f"{writes[what]:.2f}", "") for what in BATCH_WRITES),
        ("writes a chunk of its run", f"{child:.2f}", ""),
        ("bytes of the object at most", str(counted.stats["largest"]), f"{MOST_BYTES}"),
    ]


def _of_book(book: dict[str, int]) -> str:
    return f"{book['once']}, {book['never']}, {book['more']}"
