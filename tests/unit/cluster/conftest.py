"""A fake API server and a client of it for each test."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from stagework.cluster.connection import Target
from stagework.cluster.kubeapi import KubeApi
from tests.support.fakeapi.server import FakeApi


@pytest_asyncio.fixture
async def fake() -> AsyncGenerator[FakeApi, None]:
    async with FakeApi() as server:
        yield server


@pytest_asyncio.fixture
async def api(fake: FakeApi) -> AsyncGenerator[KubeApi, None]:
    async with KubeApi(Target(fake.url), timeout_seconds=2.0) as client:
        yield client
