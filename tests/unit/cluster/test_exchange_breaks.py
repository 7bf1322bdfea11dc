"""Exchanges that break: each raises, gives its connection up, and is never sent again.

Whatever comes late or unasked must not be taken for the answer to the next request. Each test runs
on asyncio's own loop and on uvloop, which is the operator's.
"""

import asyncio
from typing import Any

import pytest

from stagework.cluster.client.exchange import BrokenExchange
from tests.unit.cluster.loopback import Client, Loopback, Then, answer, loopback

WITHOUT_END = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "neither length nor chunks": b"HTTP/1.1 200 OK\r\n\r\nperhaps half",
}


@pytest.mark.parametrize("sent", WITHOUT_END.values(), ids=list(WITHOUT_END))
async def test_an_answer_without_end_raises_and_nothing_is_sent_again(
    server: Loopback, client: Client, sent: bytes
) -> None:
    await client.get("/a")
    server.say(sent, Then.HANG_UP)
    with pytest.raises(BrokenExchange):
        await client.get("/b")
    await server.given_up(0)
    assert (await client.get("/c")).body == b"/c"
    assert [request.target for request in server.asked] == ["/a", "/b", "/c"]


GARBAGE = {
    "no HTTP": b"\x15\x03\x01\x00\x02\x02",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc",
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=list(GARBAGE))
async def test_garbage_raises_and_nothing_is_sent_again(
    server: Loopback, client: Client, sent: bytes
) -> None:
    server.say(sent)
    with pytest.raises(BrokenExchange, match="not HTTP"):
        await client.get("/a")
    await server.given_up(0)
    assert [request.target for request in server.asked] == ["/a"]


UNASKED = {
    "an answer": answer(b"not yours", 408),
    "half an answer": answer(b"not yours", 408)[:12],
    "garbage": b"\x00\x01",
}


@pytest.mark.parametrize("sent", UNASKED.values(), ids=list(UNASKED))
@pytest.mark.parametrize("at_once", [True, False], ids=["with the answer", "after it"])
async def test_what_nobody_asked_for_is_nobodys_answer(
    server: Loopback, client: Client, sent: bytes, at_once: bool
) -> None:
    idle = asyncio.Event()
    server.say(*((answer(b"one") + sent,) if at_once else (answer(b"one"), idle, sent)))
    assert (await client.get("/a")).body == b"one"
    idle.set()
    await server.given_up(0)
    assert (await client.get("/b")).body == b"/b"
    assert [request.connection for request in server.asked] == [0, 1]


async def test_a_cancelled_exchange_gives_its_connection_up(
    server: Loopback, client: Client
) -> None:
    free = asyncio.Event()
    server.say(free, answer(b"too late"))
    task = client.begin("/a")
    await server.asked_for("/a")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    free.set()
    assert (await client.get("/b")).body == b"/b"
    await server.given_up(0)
    assert [request.connection for request in server.asked] == [0, 1]


async def test_a_time_out_gives_the_connection_up(server: Loopback, client: Client) -> None:
    free = asyncio.Event()
    await client.get("/a")
    server.say(answer(b"too late")[:30], free, answer(b"too late")[30:])
    with pytest.raises(TimeoutError):
        await client.get("/b", seconds=0.05)
    free.set()
    assert (await client.get("/c")).body == b"/c"
    await server.given_up(0)
    assert [request.connection for request in server.asked] == [0, 0, 1]


async def test_close_ends_what_is_under_way(server: Loopback, client: Client) -> None:
    free = asyncio.Event()
    await asyncio.gather(client.get("/a"), client.get("/b"))
    server.say(free, answer(b"too late"))
    task = client.begin("/c")
    await server.asked_for("/a", "/b", "/c")
    client.exchanges.close()
    free.set()
    with pytest.raises(BrokenExchange):
        await task
    await server.given_up(0)
    await server.given_up(1)
    with pytest.raises(BrokenExchange, match="closed"):
        await client.get("/d")
    assert server.connections == 2


class Held:
    """Connections are made, but the client hears of them only when `free` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made, self.free = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        self._connect = loop.create_connection
        monkeypatch.setattr(loop, "create_connection", self._slowly)

    async def _slowly(self, *args: Any, **more: Any) -> Any:
        made = await self._connect(*args, **more)
        self.made.set()
        await self.free.wait()
        return made


async def test_close_also_ends_a_connection_that_is_being_made(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    task = client.begin("/a")
    await held.made.wait()
    client.exchanges.close()
    held.free.set()
    with pytest.raises(BrokenExchange, match="closed"):
        await task
    await server.given_up(0)
    assert server.asked == []


async def test_a_connection_that_ends_before_the_request_raises_at_once(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.welcome = (Then.HANG_UP,)
    held = Held(monkeypatch)
    task = client.begin("/a")
    await server.given_up(0)
    held.free.set()
    with pytest.raises(BrokenExchange, match="before the request"):
        await task
    assert server.asked == []


async def test_where_nobody_listens_there_is_an_error() -> None:
    async with loopback() as gone:
        url = gone.url
    with pytest.raises(ConnectionRefusedError):
        await Client(url).get("/a")
