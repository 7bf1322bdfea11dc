"""A fake API server and a client of it for each test; the same in small for exchanges."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping

import pytest
import pytest_asyncio
import uvloop

from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from tests.support.fakeapi.server import FakeApi
from tests.unit.cluster.loopback import Client, Loopback, loopback

Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Loops:
    """Exchanges depend on how a loop's transports end: on the operator's loop and on asyncio's."""
    del config
    both: Loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return (
        both if item.path.stem.startswith("test_exchange") else {"asyncio": asyncio.new_event_loop}
    )


@pytest_asyncio.fixture
async def fake() -> AsyncGenerator[FakeApi, None]:
    async with FakeApi() as server:
        yield server


@pytest_asyncio.fixture
async def api(fake: FakeApi) -> AsyncGenerator[KubeApi, None]:
    async with KubeApi(Target(fake.url), timeout_seconds=60.0) as client:
        yield client


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[Loopback]:
    """A server that says what it is told to."""
    async with loopback() as made:
        yield made


@pytest_asyncio.fixture
async def client(server: Loopback) -> AsyncGenerator[Client]:
    """A client of that server."""
    made = Client(server.url)
    yield made
    made.exchanges.close()
