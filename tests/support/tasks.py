"""What a task is given, over the fake API server and the real API service in this process."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.settings import Settings
from stagework.tasks.service import Service as ServiceClient
from stagework.tasks.surroundings import Surroundings
from stagework.web.https_input import HttpsSource
from tests.support.alerts import MemoryAlerts, MemoryInProcess, SaidInProcess
from tests.support.fakeapi.server import FakeApi
from tests.unit.web.fake_cluster import task_token
from tests.unit.web.service import Service, running

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NAMESPACE = "stagework-system"


@dataclass
class Place:
    """Where tasks run: a cluster, a service, people, and what each run remembers."""

    server: FakeApi
    service: Service
    surroundings: Surroundings
    said: SaidInProcess
    memory: MemoryInProcess


def no_https(_limit: int) -> HttpsSource:
    return HttpsSource((), 1)


@asynccontextmanager
async def place(
    task: str,
    folder: Path,
    *,
    rights: Mapping[str, str] | None = None,
    https: Callable[[int], HttpsSource] = no_https,
    settings: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    **stored: Any,
) -> AsyncGenerator[Place]:
    """`rights`: verb to namespace of what the task's account may do to runs."""
    with running(folder / "volume", **stored) as service:
        async with FakeApi() as server, KubeApi(Target(server.url)) as api:
            token = task_token(service.cluster, task, *(rights or {"list": NAMESPACE}).items())
            said, memory = SaidInProcess(), MemoryInProcess()
            surroundings = Surroundings(
                task=task,
                settings=_settings(service.url, settings or {}),
                api=api,
                service=ServiceClient(service.url, lambda: token),
                alerts=MemoryAlerts(said),
                memory=memory,
                https=https,
                now=lambda: NOW,
                dry_run=dry_run,
            )
            yield Place(server, service, surroundings, said, memory)


def _settings(url: str, more: Mapping[str, Any]) -> Settings:
    machines = {
        key: {"key": key, "nodeSelector": {"stagework.dev/machine": key}}
        for key in ("gpu", "macbook")
    }
    classes = [machines["gpu"], {**machines["macbook"], "mayBeAway": True}]
    document = {
        "fleet": {"machineClasses": classes},
        # The service's own page stands in for the operator's.
        "tasks": {"operatorUrl": f"{url}/livez"},
    }
    return Settings.model_validate({**document, **more})
