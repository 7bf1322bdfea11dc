"""Entry point of the operator: settings, logs, metrics, then kopf until SIGTERM."""

import asyncio
import gc
import logging
import os
import sys
from typing import Final

import kopf
import uvloop
from prometheus_client import CollectorRegistry

from stagework import logs
from stagework.cluster.client.connection import ConnectionSettingsError
from stagework.controllers import metrics_server
from stagework.controllers.clocks import Clocks
from stagework.controllers.handlers import register
from stagework.controllers.runtime import Build, Runtime
from stagework.settings import SettingsError, load

METRICS_PORT: Final = 9090
"""Port of `/metrics`."""
LIVENESS_PORT: Final = 8080
"""Port of `/healthz`."""
ENV_METRICS_PORT: Final = "STAGEWORK_METRICS_PORT"
"""Another metrics port (tests run several operators on one machine)."""
ENV_LIVENESS_PORT: Final = "STAGEWORK_LIVENESS_PORT"
"""Another liveness port."""


def run(loop: asyncio.AbstractEventLoop | None = None, clocks: Clocks | None = None) -> None:
    """Run the operator; exit code 2 where the settings are wrong.

    `loop` and `clocks` are given by tests, which let time run faster.
    """
    try:
        settings = load()
        logs.configure(settings.logLevel)
        registry = CollectorRegistry()
        runtime = Runtime(settings, registry, Build(clocks=clocks or Clocks()))
    except (SettingsError, ConnectionSettingsError) as error:
        sys.stderr.write(f"stagework-operator: {error}\n")
        sys.exit(2)
    metrics_server.start(int(os.environ.get(ENV_METRICS_PORT, METRICS_PORT)), registry)
    # kopf asks who runs it; inside the image the user id has no name.
    os.environ.setdefault("LOGNAME", "stagework")
    handlers = kopf.OperatorRegistry()
    register(handlers, runtime)
    gc.collect()
    gc.freeze()  # what was imported is never garbage: full collections stay short
    gc.set_threshold(50_000, 20, 50)
    logging.getLogger(__name__).info("stagework operator starts")
    port = int(os.environ.get(ENV_LIVENESS_PORT, LIVENESS_PORT))
    kopf.run(
        loop=loop or uvloop.new_event_loop(),
        registry=handlers,
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=list(settings.namespaces),
        liveness_endpoint=f"http://0.0.0.0:{port}/healthz",
    )
