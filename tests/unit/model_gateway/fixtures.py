"""The model server and the gateway, for the conftests of all tests that ask an endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stagekit.endpoint import Endpoint, read_endpoint
from tests.support.modelserver.server import ModelServer, running
from tests.unit.model_gateway.gateway import Gateway, opened


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of the protocol that is well."""
    with running() as started:
        yield started


@pytest.fixture
def folder_gateway(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """Runs in a folder reach every role on that server, behind the real gateway."""
    monkeypatch.setattr("modelcalls.patience.FIRST_SECONDS", 0.001)
    with opened(tmp_path, server.url, machine="gpu") as made:

        def endpoint(_link: object, role: str) -> Endpoint:
            address = f"/v1/models/{role}"
            url = made.service.url + address
            return read_endpoint(made.get(address).body, role, url, lambda: made.token)

        monkeypatch.setattr("stagekit.folder_link.FolderLink.endpoint", endpoint)
        yield made
