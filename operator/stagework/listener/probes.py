"""What kubelets ask: does it move, and has it what it needs?"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import web

from stagework.listener.listener import Listener

PORT: Final = 8080
"""Where it answers, on all addresses of its Pod."""
ENV_PORT: Final = "STAGEWORK_LIVENESS_PORT"
"""Another port, for a listener outside of a Pod."""


@asynccontextmanager
async def probes(listener: Listener) -> AsyncGenerator[None]:
    """Answer `/livez` and `/readyz` while the block lasts."""
    port = int(os.environ.get(ENV_PORT, PORT))

    async def answer(request: web.BaseRequest) -> web.Response:
        well = listener.ready if request.path == "/readyz" else listener.alive
        lines = [f"{loop}: {cause}" for loop, cause in sorted(listener.trouble.items())]
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(text="\n".join(lines) or "ok" * well, status=status)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104
        yield
    finally:
        await runner.cleanup()
