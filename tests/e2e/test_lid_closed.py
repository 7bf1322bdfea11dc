"""The lid of the MacBook is closed over one stage that runs and one that waits, and opened again.

Its node is a container: paused, all its processes are frozen, as those of a laptop that sleeps.
"""

import subprocess
from collections.abc import Iterator

import pytest

from hack.devcluster.cluster import node_names
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import condition_of, eventually, stage_in, stage_is

pytestmark = pytest.mark.alone("it pauses the MacBook's node", touches="nodes")

MACBOOK = ["macbook"]
AT_WORK = "for _ in $(seq 20); do sleep 1; done"
"""Twenty seconds awake: over all the time that it is frozen at most one second of it goes by."""


def is_ready(space: Space, node: str) -> bool:
    """As its Node object says."""
    conditions = space.api.get(f"/api/v1/nodes/{node}")["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


@pytest.fixture(scope="module")
def macbook(space: Space, release: Release) -> Iterator[str]:
    """Its node, on which nothing of the release is; whatever happens, it takes part afterwards."""
    node = node_names()["macbook"]
    assert node not in release.nodes(), "it would sleep with it"
    yield node
    subprocess.run(["docker", "unpause", node], check=False, capture_output=True)
    eventually(
        lambda: is_ready(space, node),
        bool,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"{node} does not come back",
    )


@pytest.fixture(scope="module")
def asleep(space: Space, macbook: str) -> str:
    """One runs on it, then it sleeps, then another comes that wants it."""
    space.apply(run_of("opened", shell("one", AT_WORK, runsOn=MACBOOK)))
    space.wait_for("opened", stage_is("one", state="Running"))
    subprocess.run(["docker", "pause", macbook], check=True, capture_output=True)
    space.apply(run_of("unopened", shell("one", runsOn=MACBOOK)))
    return macbook


def test_what_runs_is_away_and_what_waits_is_deferred(space: Space, asleep: str) -> None:
    run = space.wait_for("opened", stage_is("one", state="Away", reason="MachineAway"))
    assert stage_in(run, "one")["message"].startswith(f"{asleep} is not ready; its clocks stand")
    assert run["status"]["summary"] == "Away"
    assert condition_of(run, "Deferred") == "True"

    run = space.wait_for("unopened", stage_is("one", state="Deferred", reason="MachineAway"))
    said = f"no ready node of class macbook: {asleep} is not ready; until one is back"
    assert stage_in(run, "one")["message"] == said
    assert run["status"]["summary"] == "Deferred"
    eventually(
        lambda: {event["reason"] for event in space.events_of("opened")},
        lambda reasons: "StageAway" in reasons,
        seconds=WAIT_SECONDS,
        otherwise=lambda: "no event says StageAway",
    )


def test_after_the_wake_both_are_done_with_their_first_attempt(space: Space, asleep: str) -> None:
    subprocess.run(["docker", "unpause", asleep], check=True, capture_output=True)

    for name in ("opened", "unopened"):
        stage = stage_in(space.wait_for_end(name, "Completed"), "one")
        assert (stage["attempt"], stage.get("failures", 0)) == (1, 0)
        assert len(space.container_starts(f"{name}-one-")) == 1
    assert "StageBack" in {event["reason"] for event in space.events_of("opened")}
