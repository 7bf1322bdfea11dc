"""A cluster process and an operator process side by side, and questions to both."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.bench.process import Measured
from tests.support.operators.setup import settings_document, write_files


class Stand:
    """`async with` it; `operator` is made by `start_operator` or `start_baseline`."""

    def __init__(self, **engine: float) -> None:
        """`engine` changes that section of the operator's settings."""
        self._folder = tempfile.TemporaryDirectory(prefix="stagework-bench-")
        folder = Path(self._folder.name)
        self.cluster = Measured(
            sys.executable, "-m", "tests.bench.cluster", log=folder / "cluster.log"
        )
        self._control = ""
        self._url = ""
        self.settings = settings_document(
            slots=1000, **{"requestsPerSecond": 100_000, "lookAhead": 2, "workers": 64, **engine}
        )
        self.operator: Measured | None = None

    async def __aenter__(self) -> Self:
        await self.cluster.start()
        self._url, self._control = (await self.cluster.first_line()).split()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.operator is not None:
            await self.operator.stop()
        await self.cluster.stop()
        self._folder.cleanup()

    async def start_operator(self, *, profile: str = "") -> Measured:
        """Ours, as it runs in a cluster."""
        command = [sys.executable]
        if profile:
            command += ["-m", "cProfile", "-o", profile]
        return await self._start(*command, "-m", "stagework.controllers")

    async def start_counting(self, items: int) -> Measured:
        """Ours with a book of so many items of its own, see `counting_operator`."""
        return await self._start(sys.executable, "-m", "tests.bench.counting_operator", str(items))

    async def start_baseline(self) -> Measured:
        """The plain kopf operator."""
        return await self._start(
            sys.executable,
            *("-m", "kopf", "run", "--standalone", "--all-namespaces", "--quiet"),
            *("-m", "tests.bench.baseline.operator"),
        )

    async def _start(self, *command: str) -> Measured:
        folder = Path(self._folder.name)
        environment = {
            **write_files(folder, self._url, self.settings),
            "STAGEWORK_LIVENESS_PORT": "0",
            "STAGEWORK_METRICS_PORT": "0",
        }
        self.operator = Measured(*command, log=folder / "operator.log", environment=environment)
        await self.operator.start()
        return self.operator

    def log(self) -> str:
        """What the operator has printed."""
        return (Path(self._folder.name) / "operator.log").read_text()

    async def ask(self, path: str, **query: float | str) -> dict[str, Any]:
        """Ask the cluster's control port."""
        text = {key: str(value) for key, value in query.items()}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._control}/{path}", params=text) as answer,
        ):
            return await answer.json(content_type=None)

    async def watched(self, seconds: float = 60.0) -> None:
        """Wait until the operator watches Jobs: it is up."""
        async with asyncio.timeout(seconds):
            while True:
                stats = await self.ask("stats")
                seen = stats["requests"]
                if seen.get("WATCH jobs") and seen.get("WATCH pipelinejobs"):
                    return
                if self.operator is not None:
                    self.operator.check()
                await asyncio.sleep(0.2)

    async def finished(self, count: int, seconds: float, what: str = "done") -> dict[str, Any]:
        """Wait until so many runs have ended (or `what` counts); answers the verdict."""
        async with asyncio.timeout(seconds):
            while True:
                stats = await self.ask("stats")
                if stats[what] >= count:
                    return await self.ask("verdict")
                if self.operator is not None:
                    self.operator.check()
                await asyncio.sleep(0.5)
