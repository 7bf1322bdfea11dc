"""The real API service on loopback before a seed, at one moment that does not pass."""

import asyncio
import email.utils
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn

from stagework.api.history import CountQuery, Counts, Ended, EndedQuery
from stagework.artifacts.local import LocalStore
from stagework.settings import QueueSettings, Settings
from stagework.web.app import create_app
from tests.support.board import seeds
from tests.support.board.seeds import Seed
from tests.support.history.memory import MemoryHistory
from tests.unit.web.fake_cluster import FakeCluster

READ = tuple((verb, "") for verb in ("list", "get", "list scheduledjobs")) + tuple(
    (verb, seeds.NAMESPACE) for verb in ("get", "get scheduledjobs")
)
"""Of somebody who may see everything."""
RIGHTS = (
    *READ,
    *(
        (verb, seeds.NAMESPACE)
        for verb in ("create interventions", "retry", "skip", "stop", "approve")
    ),
    *((f"{verb} scheduledjobs", seeds.NAMESPACE) for verb in ("runnow", "skipnext", "patch")),
)
"""Of somebody who may do everything with runs and with schedules."""


_COUNTED: dict[tuple[int, str], Any] = {}


class _SeedsHistory(MemoryHistory):
    """Counts what a seed remembers once: that is thousands of facts, and time stands still."""

    def __init__(self, seed: Seed) -> None:
        super().__init__()
        self._facts_of = id(seed.facts)

    async def counts(self, query: CountQuery) -> Counts:
        """See History."""
        key = (self._facts_of, repr(query))
        if key not in _COUNTED:
            _COUNTED[key] = await super().counts(query)
        return _COUNTED[key]

    async def ended(self, query: EndedQuery) -> Ended:
        """See History."""
        key = (self._facts_of, repr(query))
        if key not in _COUNTED:
            _COUNTED[key] = await super().ended(query)
        return _COUNTED[key]


@dataclass
class ServedBoard:
    """A running service, and what is behind it."""

    url: str
    """Of the page."""
    token: str
    """Of somebody who may see and ask for everything."""
    cluster: FakeCluster
    history: MemoryHistory
    now: datetime

    def show(self, seed: Seed) -> None:
        """From now on there is this to see."""
        queue = self.cluster.queue
        queue.runs = [*seed.runs]
        queue.machines = [*seed.nodes]
        queue.revisions = dict(seed.revisions)
        for schedule in seed.schedules:
            self.cluster.schedules.keep(schedule)


@contextmanager
def served(seed: Seed, bundle: Path, folder: Path) -> Generator[ServedBoard]:
    """Serve until the end of the block."""
    cluster, history = FakeCluster(), _SeedsHistory(seed)
    with ThreadPoolExecutor(1) as other_thread:  # a browser's loop runs in this one
        other_thread.submit(asyncio.run, _filled(history, seed)).result()
    settings = Settings(
        fleet=seeds.fleet(),
        queue=QueueSettings(
            timeZone=seeds.ZONE,
            pools={"summarize": ("macmini", "macbook")},
            backgroundMachines={"backup": "macmini"},
        ),
    )
    app = create_app(
        cluster,
        LocalStore(folder, max_file_bytes=1 << 20),
        settings,
        history=history,
        wall_clock=seeds.NOW.timestamp,
        bundle=bundle,
    )
    # Its clock is the seed's, also where the page reads it.
    date = email.utils.format_datetime(seeds.NOW, usegmt=True)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="wsproto",
        log_config=None,
        access_log=False,
        date_header=False,
        headers=[("date", date)],
    )
    with _running(uvicorn.Server(config)) as port:
        url = f"http://127.0.0.1:{port}/board/"
        token = cluster.person("ann", *RIGHTS)
        board = ServedBoard(url, token, cluster, history, seeds.NOW)
        board.show(seed)
        yield board


async def _filled(history: MemoryHistory, seed: Seed) -> None:
    await history.record(list(seed.facts))
    for job in seed.jobs:
        await history.begin_job(job)


@contextmanager
def _running(server: uvicorn.Server) -> Generator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
