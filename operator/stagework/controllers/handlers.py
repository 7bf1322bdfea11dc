"""kopf: start, stop, login, liveness, and the watches of our own kinds. Nothing is decided here."""

import asyncio
from typing import Any

import kopf

from stagework.api import names
from stagework.api.kinds import Kind
from stagework.cluster.cache.own_objects import from_body
from stagework.cluster.client.connection import Target
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
    def login(**_: Any) -> kopf.ConnectionInfo:
        return _as_we_do(runtime.target)

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

    for kind in runtime.watched_by_kopf:
        _watch(registry, runtime, kind)


def _watch(registry: kopf.OperatorRegistry, runtime: Runtime, kind: Kind) -> None:
    @kopf.on.event(
        names.GROUP, names.VERSION, kind.plural, registry=registry, id=f"seen-{kind.plural}"
    )
    async def seen(event: Any, **_: Any) -> None:
        known = from_body(event["object"])
        runtime.offer(kind, known, deleted=event.get("type") == "DELETED")


def _as_we_do(target: Target) -> kopf.ConnectionInfo:
    """Kopf asks the same API server with the same proof as everybody else in this process."""
    return kopf.ConnectionInfo(
        server=target.server,
        ca_path=target.ca_file,
        insecure=target.insecure,
        token=target.read_token() if target.read_token is not None else target.token,
        certificate_path=target.certificate_file,
        private_key_path=target.key_file,
    )


def _stop_with(task: asyncio.Task[None]) -> None:
    """Without the engine the process is of no use: end it, Kubernetes starts it again."""
    if not task.cancelled() and task.exception() is not None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the engine has stopped", "exception": task.exception()}
        )
        raise SystemExit(1)
