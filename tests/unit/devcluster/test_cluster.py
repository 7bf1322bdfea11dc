"""What is known of the kind cluster, and how that is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hack.devcluster import cluster, steps


def test_the_names_of_the_nodes_are_those_that_kind_gives() -> None:
    assert cluster.node_names() == {
        "control-plane": "stagework-control-plane",
        "gpu": "stagework-worker",
        "macmini": "stagework-worker2",
        "macbook": "stagework-worker3",
    }


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (48.2, "48 s"), (59.96, "60 s"), (200, "3 min 20 s")]
)
def test_a_duration_reads_as_a_person_says_it(seconds: float, text: str) -> None:
    assert steps.lasted(seconds) == text


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def node(name: str, ready: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    return {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": conditions}}


def lease(name: str, age_seconds: int) -> dict[str, Any]:
    renewed = (NOW - timedelta(seconds=age_seconds)).isoformat().replace("+00:00", "Z")
    return {"kind": "Lease", "metadata": {"name": name}, "spec": {"renewTime": renewed}}


@pytest.mark.parametrize(
    ("ready", "age_seconds", "alive"),
    [("True", 5, True), ("True", 60, False), ("Unknown", 5, False)],
)
def test_a_node_is_alive_when_it_is_ready_and_said_so_lately(
    ready: str, age_seconds: int, *, alive: bool
) -> None:
    items = [node("a", ready), lease("a", age_seconds), lease("gone", 1)]
    assert cluster.alive_nodes(items, NOW) == ({"a"} if alive else set())


def test_pods_that_are_not_ready_are_named() -> None:
    up, down = node("proxy", "True"), node("dns", "False")
    assert cluster.unready([up, down]) == ["dns"]


@pytest.mark.parametrize(
    ("looks", "steady"),
    [
        ([False, False] + [True] * 16, True),
        # The API server answers, is started once more by its kubelet, and comes back.
        ([True] * 10 + [False] * 5 + [True] * 16, True),
        (([True] * 10 + [False]) * 11, False),
        ([False] * 121, False),
    ],
)
def test_a_woken_cluster_is_used_once_it_stays_ready(looks: list[bool], *, steady: bool) -> None:
    seconds = iter(range(1_000))
    answers = iter(looks)
    woken = cluster.comes_to_be_steady(
        lambda: next(answers), clock=lambda: float(next(seconds)), pause=lambda _: None
    )
    assert woken is steady
    assert next(answers, None) is None or not steady
