"""A Node object is deleted: what its stages had finished stays finished."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hack.devcluster import cluster
from tests.support.cluster.api import Missing
from tests.support.cluster.commands import Document
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import HOLD, run_of, shell, skip, wrapped
from tests.support.cluster.waiting import eventually, stage_in, stage_is

pytestmark = pytest.mark.alone("it deletes a node", touches="nodes")


@dataclass(frozen=True)
class Choice:
    """The node that goes, its class, and another class for what must go on meanwhile."""

    node: str
    machine: str
    other: str


@pytest.fixture(scope="module")
def choice(release: Release) -> Choice:
    """A node with no service of the release: deleting the operator's own is another story."""
    taken = release.nodes()
    nodes = {key: name for key, name in cluster.node_names().items() if key != "control-plane"}
    machine = next(key for key in reversed(nodes) if nodes[key] not in taken)
    return Choice(nodes[machine], machine, next(key for key in nodes if key != machine))


@pytest.fixture
def registered_again(space: Space, choice: Choice) -> Iterator[None]:
    """Whatever happens, the node takes part again afterwards."""
    yield
    # A kubelet registers when it starts, and only then.
    subprocess.run(["docker", "exec", choice.node, "systemctl", "restart", "kubelet"], check=True)
    eventually(
        lambda: is_ready(space, choice),
        bool,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"the kubelet of {choice.node} does not register it again",
    )


def is_ready(space: Space, choice: Choice) -> bool:
    """The Node object is there, of its class, and ready."""
    try:
        node = space.api.get(f"/api/v1/nodes/{choice.node}")
    except Missing:
        return False
    conditions: list[Document] = node["status"].get("conditions", [])
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )
    return ready and node["metadata"]["labels"].get("stagework.dev/machine") == choice.machine


@pytest.mark.usefixtures("registered_again")
def test_finished_stages_outlive_their_node(space: Space, choice: Choice) -> None:
    elsewhere = [choice.other]
    space.apply(
        run_of(
            "homeless",
            wrapped("one", "mkdir -p out && echo one > out/one.txt", runsOn=[choice.machine]),
            shell("gate", HOLD, runsOn=elsewhere),
            wrapped("two", "cat in/one/one.txt", runsOn=elsewhere),
        )
    )
    run = space.wait_for("homeless", stage_is("gate", state="Running"))
    before = stage_in(run, "one")
    assert before["node"] == choice.node

    space.commands.must("delete", "node", choice.node)
    eventually(
        lambda: space.pods_of("homeless", "one"),
        lambda pods: not pods,
        seconds=WAIT_SECONDS,
        otherwise=lambda: "Kubernetes keeps the Pods of a node that is gone",
    )
    asked = skip("homeless", "gate", by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))
    run = space.wait_for_end("homeless", "CompletedWithSkips")
    assert stage_in(run, "one") == before


def test_the_node_that_came_back_takes_work_again(space: Space, choice: Choice) -> None:
    space.apply(run_of("back", shell("one", runsOn=[choice.machine])))
    run = space.wait_for_end("back", "Completed")
    assert stage_in(run, "one")["node"] == choice.node
