"""The `stagework-api` command: settings, client, store, app, server."""

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from stagework import settings as settings_file
from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore, connect
from stagework.artifacts.store import Store
from stagework.artifacts.upload_signer import UploadSigner
from stagework.cluster.client import connection
from stagework.cluster.client.kubeapi import KubeApi
from stagework.settings import Settings, SettingsError
from stagework.web import server as servers
from stagework.web.app import create_app
from stagework.web.cluster_reader import KubeReader

PORT: Final = 8080
"""Where the service listens, on all addresses of its Pod."""
HEARTBEAT_PORT: Final = 8081
"""Likewise for heartbeats and probes alone."""


def store_of(settings: Settings) -> Store:
    """The bucket where one is set, else the folder on the volume."""
    limits = settings.artifacts
    if limits.s3 is not None:
        return ObjectStore(
            connect(limits.s3),
            max_file_bytes=limits.maxFileBytes,
            signer=UploadSigner.of(limits.s3),
        )
    return LocalStore(
        Path(limits.directory),
        max_file_bytes=limits.maxFileBytes,
        min_free_bytes=limits.minFreeBytes,
    )


def log_as_json(level: str) -> None:
    """One JSON object a line on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


async def serve(
    settings: Settings,
    host: str = "0.0.0.0",  # noqa: S104
    port: int = PORT,
    heartbeat_port: int = HEARTBEAT_PORT,
) -> None:
    """Serve until SIGTERM; running requests then get `server.GRACE_SECONDS`."""
    asyncio.get_running_loop().set_exception_handler(servers.QuietAcceptErrors(time.monotonic))
    descriptors = servers.raised_descriptors()
    async with KubeApi(connection.find()) as api:
        reader, store = KubeReader(api), store_of(settings)

        def end() -> None:
            # The kubelet starts another, which shows at its Pod: half a service would be worse.
            server.should_exit = True

        app = create_app(reader, store, settings, unforeseen=end)
        ports = servers.listen(host, port, heartbeat_port)
        server = servers.build(app, settings.api, ports, descriptors)
        await server.serve(ports.sockets)


def run() -> None:
    """Entry point; a wrong setting ends the process with one sentence."""
    try:
        settings = settings_file.load()
        log_as_json(settings.logLevel)
        asyncio.run(serve(settings))
    except (SettingsError, connection.ConnectionSettingsError, OSError) as error:
        sys.stderr.write(f"stagework-api: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    run()
