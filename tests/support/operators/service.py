"""The API service over HTTP: what the simulated stages stored; no logs, no history."""

from typing import Self

import orjson
from aiohttp import web

from tests.support.fakeapi.kubelet import Kubelets


class ResultService:
    """`async with` it and use `url`."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._stored = kubelets.reports.results
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        match request.path.strip("/").split("/"):
            case ["v1", "results", namespace, run, stage, attempt]:
                stored = self._stored.get((namespace, run, stage, attempt), [])
                return web.Response(body=orjson.dumps({"results": stored}))
            case ["v1", "logs", *_]:
                return web.Response(body=b"{}")
            case ["v1", "checks"]:
                return web.Response(body=b'{"history": {}, "artifacts": {}}')
            case ["v1", "facts"]:
                await request.read()
                return web.Response(status=204)
            case _:
                return web.Response(status=404)
