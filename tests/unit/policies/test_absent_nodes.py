"""Why no node of a class takes Pods, in words."""

import pytest

from stagework.api.observed import NodeView
from stagework.policies.absent_nodes import why_none
from tests.support.builders import GPU, make_node


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
            [make_node(name, ready=False) for name in "edcba"],
            "a is not ready, b is not ready, c is not ready, and 2 more",
        ),
    ],
)
def test_each_node_that_carries_the_labels_and_takes_no_pods_is_named(
    nodes: list[NodeView], why: str
) -> None:
    assert why_none(GPU, nodes) == why
