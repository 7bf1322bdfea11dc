"""The real app behind a real uvicorn on loopback, with a cluster in memory."""

import hashlib
import http.client
import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from stagework.api.machines import Fleet, MachineClass
from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import Backend
from stagework.artifacts.store import Store
from stagework.batches.stores import connect
from stagework.settings import (
    ApiServiceSettings,
    ArtifactSettings,
    BatchSettings,
    ModelSettings,
    Settings,
)
from stagework.web import server as servers
from stagework.web.app import create_app
from stagework.web.https_input import HttpsSource
from tests.support.history.memory import MemoryHistory
from tests.unit.web.fake_cluster import FakeCluster

MAX_FILE_BYTES = 4 * 1024 * 1024


def settings(
    models: ModelSettings | None = None,
    namespaces: tuple[str, ...] = (),
    batches: BatchSettings | None = None,
    api: ApiServiceSettings | None = None,
    **artifacts: Any,
) -> Settings:
    """Settings with one machine class; `namespaces`: the watched ones, all where none is named."""
    gpu = MachineClass(key="gpu", nodeSelector={"stagework.dev/machine": "gpu"})
    limits = ArtifactSettings.model_validate({"maxFileBytes": MAX_FILE_BYTES, **artifacts})
    fleet = Fleet(machineClasses=(gpu,))
    return Settings(
        fleet=fleet,
        artifacts=limits,
        models=models or ModelSettings(),
        namespaces=namespaces,
        batches=batches or BatchSettings(),
        api=api or ApiServiceSettings(),
    )


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class Service:
    """A running service and what is behind it."""

    cluster: FakeCluster
    root: Path
    port: int
    heartbeat_port: int
    clock: Clock
    history: MemoryHistory
    app: FastAPI

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request, its path sent as it is; `source`: the address that it comes from."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.port, timeout=10, source_address=(source, 0)
        )
        proof = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body, {**proof, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def put(self, path: str, token: str, body: bytes, sha256: str = "") -> Answer:
        """Upload with the right digest, or with the one given."""
        digest = sha256 or hashlib.sha256(body).hexdigest()
        return self.ask("PUT", path, token, body, {"X-Content-SHA256": digest})

    def stored(self) -> list[str]:
        """Every file on the volume, temporary ones included."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)


ending: list[threading.Thread] = []
"""Servers that were told to stop."""


@contextmanager
def running(
    root: Path,
    store: Store | None = None,
    https: HttpsSource | None = None,
    models: ModelSettings | None = None,
    namespaces: tuple[str, ...] = (),
    *,
    batches: BatchSettings | None = None,
    api: ApiServiceSettings | None = None,
    descriptors: int = 100_000,
    bucket: Backend | None = None,
    bundle: Path | None = None,
    **artifacts: Any,
) -> Generator[Service]:
    """Serve until the end; `bucket`: every store of `batches`, `bundle`: files of the board."""
    cluster = FakeCluster()
    clock = Clock()
    configured = settings(models, namespaces, batches, api, **artifacts)
    kept = store or LocalStore(root, max_file_bytes=configured.artifacts.maxFileBytes)
    history = MemoryHistory()
    app = create_app(
        cluster,
        kept,
        configured,
        clock,
        https=https,
        history=history,
        connected=(lambda _store: bucket) if bucket is not None else connect,
        bundle=bundle or root / "no-bundle",
    )
    opened = servers.listen("127.0.0.1", 0, 0)
    ports, server = opened.numbers, servers.build(app, configured.api, opened, descriptors)
    thread = threading.Thread(target=server.run, args=[opened.sockets])
    thread.start()
    try:
        yield Service(cluster, root, *ports, clock, history, app)
    finally:
        # Waiting for each server would cost a fifth of a second a test: `conftest` waits for all.
        server.should_exit = True
        ending.append(thread)
