from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.service import Service, ending, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service with an empty volume."""
    with running(tmp_path / "volume") as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def _all_servers_end() -> Iterator[None]:
    yield
    for thread in ending:
        thread.join(10)
