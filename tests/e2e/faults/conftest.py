"""Faults that are made for real: each story is one fault, with a witness that hears the programs of
stages themselves. Timers are those of the release; `make test-faults` makes a table of what was
measured. The short ones are told by `make test` too.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.devcluster.cluster import node_names
from hack.devcluster.paths import ROOT
from tests.support.cluster.api import Api
from tests.support.cluster.machines import Machine, mended
from tests.support.cluster.measured import Measured
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.witness import Witness

STAYING = ("gpu", "macmini")
"""Classes whose machines are not expected to be away."""


@pytest.fixture(scope="session")
def home(release: Release) -> str:
    """The class on whose node the API service is, with its volume: nothing is done to it."""
    node = release.node_of_service()
    return next(key for key, name in node_names().items() if name == node)


@pytest.fixture(scope="module")
def witness(space: Space, home: str) -> Witness:
    """It hears the stages of the story's namespace."""
    made = Witness(space, node_names()[home])
    made.install()
    return made


@pytest.fixture
def server(api: Api, release: Release, home: str) -> Iterator[Machine]:
    """A machine that is not expected to be away, and on which nothing of the release is."""
    key = next(key for key in STAYING if key != home)
    with mended(Machine(api, key)) as machine:
        release.move_operator_off(machine.node)
        yield machine


@pytest.fixture
def macbook(api: Api, release: Release) -> Iterator[Machine]:
    """The machine that sleeps; nothing of the release is on it."""
    with mended(Machine(api, "macbook")) as machine:
        assert machine.node not in release.nodes(), "it would sleep with it"
        yield machine


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """What the story measures, under the name of its fault, and of its case if it has several."""
    mark = request.node.get_closest_marker("fault")
    assert mark, "a story of faults says which: pytest.mark.fault"
    case = request.node.callspec.id if hasattr(request.node, "callspec") else ""
    story = str(Path(request.path).relative_to(ROOT))
    made = Measured(story, " ".join(filter(None, (mark.args[0], case))))
    yield made
    made.keep()
