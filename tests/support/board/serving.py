"""The real API service on loopback before a seed, at one moment that does not pass."""

import asyncio
import email.utils
import http.client
import json
import socket
import threading
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn

from stagework.api.base import format_time
from stagework.api.history import CountQuery, Counts, Ended, EndedQuery
from stagework.api.names import STAGE_CONTAINER
from stagework.api.observed import ContainerState, ContainerStatus, Running
from stagework.artifacts.local import LocalStore
from stagework.settings import QueueSettings, Settings
from stagework.web.app import create_app
from stagework.web.cluster import Run
from tests.support.board import seeds
from tests.support.board.seeds import Seed
from tests.support.history.memory import MemoryHistory
from tests.unit.web.batch_books import fold_body
from tests.unit.web.fake_cluster import FakeCluster

READ = tuple((verb, "") for verb in ("list", "get", "list scheduledjobs", "list batches")) + tuple(
    (verb, seeds.NAMESPACE) for verb in ("get", "get scheduledjobs", "get batches", "get pods/log")
)
"""Of somebody who may see everything."""
RIGHTS = (
    *READ,
    *(
        (verb, seeds.NAMESPACE)
        for verb in ("create interventions", "retry", "skip", "stop", "approve")
    ),
    ("reprocess batches", seeds.NAMESPACE),
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
    folder: Path
    """The store's."""

    def show(self, seed: Seed) -> None:
        """From now on there is this to see."""
        queue = self.cluster.queue
        queue.runs = [*seed.runs]
        queue.machines = [*seed.nodes]
        queue.revisions = dict(seed.revisions)
        for schedule in seed.schedules:
            self.cluster.schedules.keep(schedule)
        for name, status in seed.batches:
            made = self.cluster.batches.put(name, seeds.NAMESPACE, **_plain(status))
            made["spec"]["title"] = name.replace("-", " ").capitalize()

    def at_work(self, run: str, stage: str, log: bytes) -> None:
        """The stage's Pod has written this."""
        pod = f"pod-of-{run}"
        self.cluster.stage_pod(self._known(run), stage, pod)
        key = seeds.NAMESPACE, f"{run}-{stage}-1"
        state = ContainerState(running=Running())
        statuses = (ContainerStatus(name=STAGE_CONTAINER, state=state),)
        status = msgspec.structs.replace(self.cluster.pods[key].status, container_statuses=statuses)
        self.cluster.pods[key] = msgspec.structs.replace(self.cluster.pods[key], status=status)
        self.cluster.logs[(*key, STAGE_CONTAINER)] = log

    def leave(self, run: str, stage: str, files: Mapping[str, bytes]) -> None:
        """The stage is done and has left these."""
        known = self._known(run)
        prefix = f"{seeds.NAMESPACE}/{known.uid}/{stage}/1-pod-1"
        self.cluster.commit(known, stage, prefix)
        for path, content in files.items():
            file = self.folder / prefix / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _known(self, run: str) -> Run:
        """As what concerns its artifacts knows it."""
        known = self.cluster.runs.get((seeds.NAMESPACE, run))
        return known or self.cluster.run(run, seeds.NAMESPACE, f"uid-{run}")


def _plain(status: dict[str, Any]) -> dict[str, Any]:
    """As the API server has it."""
    return {
        name: format_time(value) if isinstance(value, datetime) else value
        for name, value in status.items()
    }


def keep_book(board: ServedBoard, name: str, total: int, done: int, failed: int) -> None:
    """What the operator has told of a batch's items."""
    base = f"/v1/operator/batches/{seeds.NAMESPACE}/uid-{name}"
    inline = [
        {"id": f"shoe-{number:03}.png", "params": {"page": str(number)}} for number in range(total)
    ]
    asked = [
        ("PUT", "/manifest", {"name": name, "source": {"inline": inline}}),
        ("POST", "/folds", fold_body(0, done)),
        ("POST", "/folds", fold_body(done, failed, outcome="Failed", reason="NonZeroExit")),
    ]
    connection = http.client.HTTPConnection(urlsplit(board.url).netloc, timeout=20)
    proof = {"Authorization": f"Bearer {board.cluster.operator()}"}
    for method, path, body in asked:
        connection.request(method, base + path, json.dumps(body).encode(), proof)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise AssertionError(f"{path}: {said!r}")
    connection.close()


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
        board = ServedBoard(url, token, cluster, history, seeds.NOW, folder)
        board.show(seed)
        if seed.batches:
            keep_book(board, *seeds.BOOK)
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
