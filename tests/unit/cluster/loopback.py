"""A small HTTP server on loopback that says what a test tells it to, and a client of it."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import NamedTuple

from stagework.cluster.client.exchange import Answer, Exchanges
from tests.support.fakeapi.eventually import eventually


class Then(Enum):
    """What the server does where it says nothing more."""

    HANG_UP = auto()
    """It closes its side, and waits until the client closes its own."""


Step = bytes | asyncio.Event | Then
"""Bytes are sent; an event is waited for."""


class Asked(NamedTuple):
    """A request, and the number of the connection on which it came (from 0)."""

    connection: int
    head: str
    body: bytes

    @property
    def target(self) -> str:
        """Path and query."""
        return self.head.split(" ")[1]


def answer(body: bytes, status: int = 200, *headers: str) -> bytes:
    """An answer with its length."""
    lines = "".join(f"{header}\r\n" for header in (*headers, f"Content-Length: {len(body)}"))
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body


class Loopback:
    """Answers with the request's own target, unless `say` has said otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.connections = 0
        self.gone: set[int] = set()
        """Connections that the client has closed."""
        self.welcome: tuple[Step, ...] = ()
        """What a new connection gets before any request."""
        self._replies: list[tuple[Step, ...]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, *steps: Step) -> None:
        """The reply to the next request for which none has been given yet."""
        self._replies.append(steps)

    async def asked_for(self, *targets: str) -> None:
        """Wait until these have been asked for, in any order, and nothing else."""
        await eventually(
            lambda: sorted(request.target for request in self.asked) == sorted(targets)
        )

    async def given_up(self, connection: int) -> None:
        """Wait until the client has closed this connection."""
        await eventually(lambda: connection in self.gone)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number, self.connections = self.connections, self.connections + 1
        try:
            await _do(self.welcome, writer)
            while True:
                await self._exchange(number, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.add(number)
        except asyncio.CancelledError:
            pass  # by `end`; asyncio's server would print it
        finally:
            writer.close()

    async def end(self) -> None:
        """End what is still being said."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        asked = Asked(number, head, await reader.readexactly(_length(head.splitlines())))
        self.asked.append(asked)
        steps = self._replies.pop(0) if self._replies else (answer(asked.target.encode()),)
        await _do(steps, writer)


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Exchanges with one server, said shortly."""

    def __init__(
        self, url: str, tls: ssl.SSLContext | None = None, server_name: str | None = None
    ) -> None:
        self.clock = Clock()
        self.exchanges = Exchanges(url, tls, server_name=server_name, clock=self.clock)

    async def get(self, target: str, seconds: float = 5.0) -> Answer:
        """A GET."""
        return await self.exchanges.send(
            "GET", target, body=None, headers="", timeout_seconds=seconds
        )

    async def patch(self, target: str, body: bytes, headers: str = "") -> Answer:
        """A PATCH; `headers` are lines that end in CRLF."""
        return await self.exchanges.send(
            "PATCH", target, body=body, headers=headers, timeout_seconds=60.0
        )

    def begin(self, target: str) -> asyncio.Task[Answer]:
        """A GET in a task of its own."""
        return asyncio.create_task(self.get(target))


@asynccontextmanager
async def loopback(tls: ssl.SSLContext | None = None) -> AsyncGenerator[Loopback]:
    """A server that listens while the block runs."""
    made = Loopback()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await made.end()


def _length(lines: Iterable[str]) -> int:
    given = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return int(given[0]) if given else 0


async def _do(steps: Iterable[Step], writer: asyncio.StreamWriter) -> None:
    for step in steps:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, asyncio.Event):
            await step.wait()
        else:
            writer.write_eof()
