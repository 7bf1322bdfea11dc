from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modelserver.server import ModelServer, running
from tests.unit.models.gateway import Gateway, opened
from tests.unit.models.stage import Stage
from tests.unit.stagekit.local import Local


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of the protocol that is well."""
    with running() as started:
        yield started


@pytest.fixture
def gateway(server: ModelServer, tmp_path: Path) -> Iterator[Gateway]:
    """The API service with every role on that server, and a stage Pod to ask as."""
    with opened(tmp_path, server.url) as made:
        yield made


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """This process is a stage; `as_stage` makes it one of the gateway's Pods."""
    monkeypatch.setattr("stagekit.contract.ALIVE_FILE", str(tmp_path / "alive"))
    made = Local(tmp_path)
    made.apply(monkeypatch)
    return made


@pytest.fixture
def stage(gateway: Gateway, local: Local, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage of the gateway's run, which waits a thousandth of its usual time."""
    monkeypatch.setattr("modelcalls.patience.FIRST_SECONDS", 0.001)
    return Stage(gateway, local, monkeypatch)
