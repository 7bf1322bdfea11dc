"""A real API server for the session, with our definitions, and a namespace for each test."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hack.devcluster.apiserver import ApiServer, start_api_server
from tests.chart.rendered import NAMESPACE as RELEASE
from tests.integration.kubectl import Kubectl, opened

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("pipelines", "pipelinejobs", "batches", "scheduledjobs", "interventions", "signins")


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """etcd and kube-apiserver, empty at first; ends with the session."""
    with start_api_server(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture(scope="session")
def kubectl(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl as the cluster's administrator: our definitions, and the release's namespace.

    That stays as long as the server: nothing here ends a namespace that is being deleted.
    """
    with with_definitions(api_server, tmp_path_factory.mktemp("kubectl")) as program:
        program.must("create", "namespace", RELEASE)
        yield program


@contextmanager
def with_definitions(server: ApiServer, cache: Path) -> Generator[Kubectl]:
    """kubectl for a server that has our definitions then."""
    with opened(server.kubeconfig_path, cache) as program:
        program.must("apply", "--server-side", *(f"-f={path}" for path in crd_files()))
        names = [f"crd/{kind}.stagework.dev" for kind in KINDS]
        program.must("wait", "--for=condition=Established", "--timeout=30s", *names)
        yield program


def crd_files() -> list[Path]:
    """The generated definitions."""
    return sorted((ROOT / "crds").glob("*.yaml"))


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own, which ends with the server."""
    name = f"t-{abs(hash(request.node.nodeid)):x}"
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert kubectl.create(made).ok
    return name
