"""A Node object is deleted: what its stages had finished stays finished. Runs near the end."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.bed import cluster
from tests.support.cluster.api import Missing
from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell, skip, wrapped
from tests.support.cluster.waiting import eventually, stage_in, stage_is

CLASS = "macbook"


@pytest.fixture
def node(space: Space) -> Iterator[str]:
    """The node of the class; whatever happens, it takes part again afterwards."""
    name = cluster.node_names()[CLASS]
    yield name
    # A kubelet registers when it starts, and only then.
    subprocess.run(["docker", "exec", name, "systemctl", "restart", "kubelet"], check=True)
    eventually(
        lambda: is_ready(space, name),
        bool,
        seconds=120,
        otherwise=lambda: f"the kubelet of {name} does not register it again",
    )


def is_ready(space: Space, name: str) -> bool:
    """The Node object is there, of its class, and ready."""
    try:
        found = space.api.get(f"/api/v1/nodes/{name}")
    except Missing:
        return False
    conditions: list[Document] = found["status"].get("conditions", [])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and found["metadata"]["labels"].get("stagework.dev/machine") == CLASS


def test_finished_stages_outlive_their_node(space: Space, node: str) -> None:
    space.apply(
        run_of(
            "homeless",
            wrapped("one", "mkdir -p out && echo one > out/one.txt", runsOn=[CLASS]),
            shell("gate", HOLD),
            wrapped("two", "cat in/one/one.txt"),
        )
    )
    run = space.wait_for("homeless", stage_is("gate", state="Running"))
    before = stage_in(run, "one")
    assert before["node"] == node

    space.commands.must("delete", "node", node)
    eventually(
        lambda: space.pods_of("homeless", "one"),
        lambda pods: not pods,
        seconds=120,
        otherwise=lambda: "Kubernetes keeps the Pods of a node that is gone",
    )
    asked = skip("homeless", "gate", by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))
    run = space.wait_for_end("homeless", "CompletedWithSkips")
    assert stage_in(run, "one") == before


def test_the_node_that_came_back_takes_work_again(space: Space) -> None:
    space.apply(run_of("back", shell("one", runsOn=[CLASS])))
    run = space.wait_for_end("back", "Completed")
    assert stage_in(run, "one")["node"] == cluster.node_names()[CLASS]
