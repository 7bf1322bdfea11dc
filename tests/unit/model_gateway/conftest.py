from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modelserver.server import ModelServer
from tests.unit.model_gateway.fixtures import server
from tests.unit.model_gateway.gateway import Gateway, opened
from tests.unit.model_gateway.stage import Stage
from tests.unit.stagekit.conftest import local
from tests.unit.stagekit.local import Local

__all__ = ["local", "server"]


@pytest.fixture
def gateway(server: ModelServer, tmp_path: Path) -> Iterator[Gateway]:
    """The API service with every role on that server, and a stage Pod to ask as."""
    with opened(tmp_path, server.url) as made:
        yield made


@pytest.fixture
def stage(gateway: Gateway, local: Local, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage of the gateway's run, which waits a thousandth of its usual time."""
    monkeypatch.setattr("modelcalls.patience.FIRST_SECONDS", 0.001)
    return Stage(gateway, local, monkeypatch)
