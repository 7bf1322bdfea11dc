"""kopf: start, stop, login, liveness, and the watches of our own kinds. Nothing is decided here."""

import asyncio
from typing import Any

import kopf

from stagework.api import names
from stagework.cluster.cache.own_objects import from_body
from stagework.controllers.runtime import Runtime


def register(registry: kopf.OperatorRegistry, runtime: Runtime) -> None:
    """Tell kopf what to call."""
    tasks: set[asyncio.Task[None]] = set()

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.scanning.disabled = True
        settings.posting.enabled = False
        settings.networking.request_timeout = 30
        settings.networking.connect_timeout = 10
        settings.watching.server_timeout = 270
        settings.watching.client_timeout = 300
        settings.peering.standalone = True
        settings.persistence.finalizer = f"{names.GROUP}/unused"
        task = asyncio.create_task(runtime.run(), name="stagework")
        task.add_done_callback(_stop_with)
        tasks.add(task)

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.cleanup(registry=registry)
    async def stop(**_: Any) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @kopf.on.probe(registry=registry, id="progress")
    def progress(**_: Any) -> str:
        fault = runtime.fault()
        if fault:
            raise kopf.PermanentError(fault)
        return "ok"

    for plural in runtime.kopf_kinds:
        _watch(registry, runtime, plural)


def _watch(registry: kopf.OperatorRegistry, runtime: Runtime, plural: str) -> None:
    @kopf.on.event(names.GROUP, names.VERSION, plural, registry=registry, id=f"seen-{plural}")
    async def seen(event: Any, **_: Any) -> None:
        view = from_body(event["object"])
        runtime.observer.take_own(plural, view, deleted=event.get("type") == "DELETED")


def _stop_with(task: asyncio.Task[None]) -> None:
    """Without the engine the process is of no use: end it, Kubernetes starts it again."""
    if not task.cancelled() and task.exception() is not None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the engine has stopped", "exception": task.exception()}
        )
        raise SystemExit(1)
