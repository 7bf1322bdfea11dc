"""CPU of the client an exchange: aiohttp's client against `stagework.cluster.client.exchange`.

``python -m tests.bench exchange``. Both patch the same server, which parses next to nothing and
runs in a process of its own (`tests.bench.rawserver`): what is counted is this process's time, in
the loop that the operator uses. The rounds take turns, and of each the cheapest counts: other work
on the machine makes rounds dearer, never cheaper.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
import uvloop
from yarl import URL

from stagework.cluster.client.exchange import Exchanges
from tests.bench.machine import describe
from tests.bench.process import Measured
from tests.bench.rawserver import ANSWER_BYTES
from tests.bench.tables import table

EXCHANGES: Final = 4000
"""In a round."""
ROUNDS: Final = 5
BODY: Final = b"x" * 3000
"""About a status patch of ours."""
TARGET: Final = "/apis/stagework.dev/v1alpha1/namespaces/a/pipelinejobs/b/status?fieldManager=c"
TOKEN: Final = "t" * 1000
"""As long as a ServiceAccount's."""
SECONDS: Final = 15.0

One = Callable[[], Awaitable[object]]


async def main() -> None:
    """Measure, print."""
    with tempfile.TemporaryDirectory(prefix="stagework-bench-") as folder:
        command = (sys.executable, "-m", "tests.bench.rawserver")
        server = Measured(*command, log=Path(folder) / "server.log")
        await server.start()
        try:
            rows = await measured(await server.first_line())
        finally:
            await server.stop()
    sent = f"{EXCHANGES} patches of {len(BODY)} bytes in a round, answers of {ANSWER_BYTES} bytes"
    sys.stdout.write("\n".join([*describe(), f"{sent}, the best of {ROUNDS} rounds", "", ""]))
    sys.stdout.write(table(("exchanges at once", "aiohttp", "stagework", "ratio"), rows) + "\n")


async def measured(url: str) -> list[tuple[str, ...]]:
    """A row for each number of exchanges at once."""
    exchanges = Exchanges(url, None)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )
    async with session:
        ways = (_by_aiohttp(session, url), _by_ours(exchanges))
        rows = [await _row(ways, at_once) for at_once in (1, 16)]
    exchanges.close()
    return rows


def _by_aiohttp(session: aiohttp.ClientSession, url: str) -> One:
    """As the API client asked before it had exchanges of its own."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=SECONDS)

    async def one() -> None:
        address = URL(f"{url}{TARGET}", encoded=True)
        async with session.request(
            "PATCH", address, data=BODY, headers=headers, timeout=timeout
        ) as answer:
            await answer.read()

    return one


def _by_ours(exchanges: Exchanges) -> One:
    async def one() -> None:
        headers = f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        await exchanges.send("PATCH", TARGET, body=BODY, headers=headers, timeout_seconds=SECONDS)

    return one


async def _row(ways: tuple[One, One], at_once: int) -> tuple[str, ...]:
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for index, one in enumerate(ways):
            best[index] = min(best[index], await _microseconds(one, at_once))
    theirs, ours = best
    return (str(at_once), f"{theirs:.0f} us", f"{ours:.0f} us", f"{ours / theirs:.0%}")


async def _microseconds(one: One, at_once: int) -> float:
    """CPU of this process an exchange, in the kernel too."""

    async def worker() -> None:
        for _ in range(EXCHANGES // at_once):
            await one()

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return (time.process_time() - began) / EXCHANGES * 1e6


if __name__ == "__main__":
    uvloop.run(main())
