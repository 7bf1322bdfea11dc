"""Every kind of history, each test with an empty one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from stagework.history.sql import SqlHistory
from stagework.history.store import History
from stagework.settings import HistorySettings
from tests.support.history.memory import MemoryHistory
from tests.support.history.postgresql import Server, postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Made when it is first asked for."""
    with postgresql() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> HistorySettings:
    """Settings of an empty one."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        return server.database()
    return HistorySettings(file=str(tmp_path / "history" / "history.db"))


@pytest_asyncio.fixture(params=["memory", "sqlite", "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    """Opened; closed after the test."""
    made: History = MemoryHistory()
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        made = SqlHistory(server.database())
    elif request.param == "sqlite":
        made = SqlHistory(HistorySettings(file=str(tmp_path / "history.db")))
    await made.open()
    yield made
    await made.close()
