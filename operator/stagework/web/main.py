"""The `stagework-api` command: settings, client, store, app, server."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Final

import uvicorn
from pythonjsonlogger.json import JsonFormatter

from stagework import settings as settings_file
from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore, connect
from stagework.artifacts.store import Store
from stagework.cluster.client import connection
from stagework.cluster.client.kubeapi import KubeApi
from stagework.settings import Settings, SettingsError
from stagework.web.app import create_app
from stagework.web.cluster_reader import KubeReader

PORT: Final = 8080
"""Where the service listens, on all addresses of its Pod."""
GRACE_SECONDS: Final = 20
"""How long running requests may go on after SIGTERM."""


def store_of(settings: Settings) -> Store:
    """The bucket where one is set, else the folder on the volume."""
    limits = settings.artifacts
    if limits.s3 is not None:
        return ObjectStore(connect(limits.s3), max_file_bytes=limits.maxFileBytes)
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


async def serve(settings: Settings, host: str = "0.0.0.0", port: int = PORT) -> None:  # noqa: S104
    """Serve until SIGTERM; running requests then get `GRACE_SECONDS`."""
    async with KubeApi(connection.find()) as api:
        reader, store = KubeReader(api), store_of(settings)
        app = create_app(reader, store, settings, unforeseen=lambda: _end(server))
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",
            ws="wsproto",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = uvicorn.Server(config)
        await server.serve()


def _end(server: uvicorn.Server) -> None:
    """The kubelet starts another, which shows at its Pod: half a service would be worse."""
    server.should_exit = True


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
