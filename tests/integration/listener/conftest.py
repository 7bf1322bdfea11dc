"""A PostgreSQL server for the session, and a table for each test."""

from collections.abc import Iterator

import pytest

from tests.support.history.postgresql import Server, postgresql
from tests.support.listener import Table, table


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Made when it is first asked for."""
    with postgresql() as started:
        yield started


@pytest.fixture
def jobs(server: Server) -> Table:
    """An empty table, as the migration makes it."""
    return table(server)
