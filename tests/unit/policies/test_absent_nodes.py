"""Why no node of a class takes Pods, in words; and since when one is away."""

from datetime import datetime

import pytest

from stagework.api.observed import NodeView
from stagework.policies.absent_nodes import away_since, why_none
from tests.support.builders import GPU, after, make_node


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([], ""),
        ([make_node("a")], ""),
        ([make_node("b", ready=False)], "b is not ready"),
        ([make_node("a", cordoned=True)], "a is cordoned"),
        (
            [make_node("a", ready=False), make_node("b", cordoned=True)],
            "b is cordoned, a is not ready",
        ),
        (
            [make_node(name, ready=False) for name in "cba"],
            "a is not ready, b is not ready, c is not ready",
        ),
        (
            [make_node(name, ready=False) for name in "dcba"],
            "a is not ready, b is not ready, c is not ready, and 1 more",
        ),
        (
            [make_node(name, ready=False) for name in "edcba"],
            "a is not ready, b is not ready, c is not ready, and 2 more",
        ),
    ],
)
def test_each_node_that_carries_the_labels_and_takes_no_pods_is_named(
    nodes: list[NodeView], why: str
) -> None:
    assert why_none(GPU, nodes) == why


def _silent(heard: str, noticed: str) -> NodeView:
    return make_node("a", ready=False, heartbeat=heard, transition=noticed)


@pytest.mark.parametrize(
    ("node", "began", "since"),
    [
        pytest.param(_silent("2026-11-21T09:00:00Z", "2026-11-21T09:00:50Z"), None, 950, id="50 s"),
        pytest.param(
            _silent("2026-11-21T08:56:00Z", "2026-11-21T09:00:50Z"), None, 940, id="an old report"
        ),
        pytest.param(
            _silent("2026-11-21T09:00:50Z", "2026-11-21T09:00:00Z"), None, 1000, id="odd clocks"
        ),
        pytest.param(_silent("", "2026-11-21T09:00:50Z"), None, 1000, id="no report"),
        pytest.param(_silent("yesterday", "2026-11-21T09:00:50Z"), None, 1000, id="no time"),
        pytest.param(
            _silent("2026-11-21T09:00:00", "2026-11-21T09:00:50Z"), None, 1000, id="no zone"
        ),
        pytest.param(
            _silent("2026-11-21T09:00:00Z", "2026-11-21T09:00:50Z"), 980, 980, id="it began since"
        ),
        pytest.param(
            _silent("2026-11-21T09:00:00Z", "2026-11-21T09:00:50Z"), 1010, 1000, id="never later"
        ),
        pytest.param(make_node("a"), 5, 1000, id="it is ready"),
        pytest.param(None, 5, 1000, id="it is not there"),
    ],
)
def test_a_node_was_away_while_its_kubelet_was_waited_for(
    node: NodeView | None, began: float | None, since: float
) -> None:
    start: datetime | None = after(began) if began is not None else None
    assert away_since(node, start, after(1000)) == after(since)
