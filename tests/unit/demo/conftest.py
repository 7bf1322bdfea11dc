import pytest

from hack.demo.__main__ import app
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def demo(cluster: FakeCluster) -> Cli:
    """The demo in front of a fake cluster."""
    return Cli(cluster, app)
