"""The whole operator as a process of this machine against a real cluster, killed at chosen writes.

Between the two stands a proxy on the loopback. At a crash point the process gets SIGKILL, either
before the write is passed on or after the cluster has answered it but before the operator reads
the answer. Then the dead one's Lease is run out, and another one starts.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from stagework.wiring import LEASE_NAME
from tests.support.fakeapi.resources import Json
from tests.support.operators.crash import Moment
from tests.support.operators.process import OperatorProcess

_OF_A_CONNECTION: Final = frozenset(
    {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
)
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Point:
    """The operator dies at this write: the first of its kind at or after the given number."""

    write: str
    """Such as `PATCH pipelinejobs/status`."""
    number: int
    moment: Moment


@dataclass(frozen=True)
class Place:
    """Where it works."""

    upstream: str
    """URL of the API server, which answers as an administrator."""
    user: str
    """In whose name the operator asks."""
    release_namespace: str
    namespace: str
    """The story's: writes elsewhere do not count."""


@dataclass
class Crashing:
    """What has happened so far; made by `crashing_operator`."""

    place: Place
    points: list[Point]
    """Crash points that are to come."""
    hits: list[Point] = field(default_factory=list[Point])
    """Crash points that were reached, in order."""
    writes: Counter[str] = field(default_factory=Counter[str])
    """Writes in the story's namespace, those that were cut too."""
    operator: OperatorProcess | None = None
    _client: aiohttp.ClientSession | None = None
    _dead: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on; die where it is a crash point."""
        body = await request.read()
        point = self._reached(_what(request.method, request.path, self.place.namespace))
        if point is not None and point.moment == "before it is sent":
            return await self._die(request)
        async with self._session.request(
            request.method,
            f"{self.place.upstream}{request.raw_path}",
            data=body or None,
            headers={**_end_to_end(request.headers), "Impersonate-User": self.place.user},
        ) as reply:
            if point is not None:
                await reply.read()
                return await self._die(request)
            answer = web.StreamResponse(status=reply.status, headers=_end_to_end(reply.headers))
            with suppress(ConnectionError):  # whoever has asked is dead by now
                await answer.prepare(request)
                async for part in reply.content.iter_any():
                    await answer.write(part)
                await answer.write_eof()
            return answer

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise RuntimeError("not started")
        return self._client

    def _reached(self, what: str) -> Point | None:
        if not what:
            return None
        self.writes[what] += 1
        for point in self.points:
            if point.write == what and self.writes[what] >= point.number and not self._dead:
                self._dead = True
                self.points.remove(point)
                self.hits.append(point)
                return point
        return None

    async def _die(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.operator is not None:
            await self.operator.kill()
        task = asyncio.create_task(self._return())
        self._tasks.add(task)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _return(self) -> None:
        """As if the dead holder's 15 s had passed."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.place.release_namespace}/leases"
        async with self._session.patch(
            f"{self.place.upstream}{path}/{LEASE_NAME}",
            json={"spec": {"holderIdentity": ""}},
            headers={"Content-Type": "application/merge-patch+json"},
        ) as reply:
            reply.raise_for_status()
        self._dead = False
        if self.operator is not None:
            await self.operator.start()

    async def serve(self, folder: Path, settings: Json, until: "_Until") -> None:
        """Until it is told to end; whoever runs the loop ends what is under way then."""
        server = web.Server(self.answer, access_log=None)
        runner = web.ServerRunner(server, handler_cancellation=True, shutdown_timeout=1)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as self._client:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self.operator = OperatorProcess(folder, url, settings)
            try:
                await self.operator.start()
                await until.requested()
            finally:
                for task in self._tasks:
                    task.cancel()
                await self.operator.stop()
                await runner.cleanup()


class _Until:
    """Between two threads: one has begun, the other one wants its end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    async def requested(self) -> None:
        """Say that it has begun, and wait."""
        self._loop = asyncio.get_running_loop()
        self.begun.set()
        await self._over.wait()

    def end(self) -> None:
        """From the other thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)


@contextmanager
def crashing_operator(
    folder: Path, settings: Json, place: Place, points: Sequence[Point]
) -> Generator[Crashing]:
    """Run it in a thread of its own, until the block ends."""
    crashing, until = Crashing(place, list(points)), _Until()
    # `asyncio.run` also ends the exchanges that are under way: nobody else would wait for them.
    thread = threading.Thread(target=lambda: asyncio.run(crashing.serve(folder, settings, until)))
    thread.start()
    try:
        assert until.begun.wait(30), "the operator was not started"
        yield crashing
    finally:
        until.end()
        thread.join(30)


def _what(method: str, path: str, namespace: str) -> str:
    """Such as `PATCH pods`; empty for reads, Events, and what is elsewhere."""
    _, inside, rest = path.partition(f"/namespaces/{namespace}/")
    plural, _, named = rest.partition("/")
    if not inside or method in _READS or plural == "events":
        return ""
    subresource = named.partition("/")[2]
    return f"{method} {plural}/{subresource}" if subresource else f"{method} {plural}"


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key.lower() not in _OF_A_CONNECTION}
