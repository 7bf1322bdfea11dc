"""Alerts for tests: the twin in memory, and a receiver that takes them over HTTP."""

import asyncio
from pathlib import Path
from typing import Self

import orjson
from aiohttp import web

from stagework.alerts.alerts import Message, Sending
from stagework.alerts.memory import MemoryUnavailable


class MemoryAlerts:
    """The twin of RememberedAlerts: what every kind of Alerts does, said in Python."""

    def __init__(self, said: "SaidInProcess | None" = None) -> None:
        self.said = said or SaidInProcess()

    async def failing(self, key: str, message: Message) -> Sending:
        if key in self.said.open:
            return Sending.KNOWN
        return self._send(message, lambda: self.said.open.add(key))

    async def well(self, key: str, message: Message) -> Sending:
        if key not in self.said.open:
            return Sending.KNOWN
        return self._send(message, lambda: self.said.open.discard(key))

    async def once(self, key: str, message: Message) -> Sending:
        if key in self.said.once:
            return Sending.KNOWN
        return self._send(message, lambda: self.said.once.add(key))

    async def open_keys(self) -> tuple[str, ...]:
        return tuple(sorted(self.said.open))

    def _send(self, message: Message, then: object) -> Sending:
        if self.said.deaf:
            return Sending.FAILED
        self.said.titles.append(message.title)
        self.said.texts.append(message.text)
        assert callable(then)
        then()
        return Sending.SENT


class SaidInProcess:
    """What outlives one MemoryAlerts."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.once: set[str] = set()
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.deaf = False
        """A test says that nobody takes anything."""


class NobodyHears:
    """A sink without receivers."""

    async def send(self, message: Message) -> Sending:
        del message
        return Sending.NOWHERE


class Ears:
    """A sink that hears everything, unless a test says otherwise; `titles` in their order."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.asked = 0
        self.deaf = False

    @property
    def titles(self) -> list[str]:
        return [message.title for message in self.heard]

    async def send(self, message: Message) -> Sending:
        self.asked += 1
        if self.deaf:
            return Sending.FAILED
        self.heard.append(message)
        return Sending.SENT


class MemoryInProcess:
    """A Memory that outlives whoever writes to it; `away`: it cannot be reached."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.away = False

    async def read(self, name: str) -> bytes:
        self._check()
        return self.values.get(name, b"")

    async def write(self, name: str, value: bytes) -> None:
        self._check()
        self.values[name] = value

    def _check(self) -> None:
        if self.away:
            raise MemoryUnavailable("it is away")


class Receiver:
    """An HTTP server that takes what apprise sends to `json://`; `async with` it."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.deaf = False
        """It answers with an error."""
        self.hangs = False
        """It never answers."""
        self._released = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"json://user:s3cret-password@127.0.0.1:{self.port}/hook/abcdef123456"

    def write_to(self, folder: Path) -> None:
        """As a mounted Secret: links to a hidden folder beside the keys."""
        hidden = folder / "..data"
        hidden.mkdir(parents=True, exist_ok=True)
        (hidden / "urls").write_text(f"# who is on duty\n\n{self.url}\n")
        link = folder / "urls"
        if not link.is_symlink():
            link.symlink_to(Path("..data") / "urls")

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._take, access_log=None))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.BaseRequest) -> web.Response:
        if self.hangs:
            await self._released.wait()
        if self.deaf or self.hangs:
            return web.Response(status=500)
        sent = orjson.loads(await request.read())
        self.titles.append(sent["title"])
        self.texts.append(sent["message"])
        return web.Response()
