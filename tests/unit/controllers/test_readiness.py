"""Since when a node is ready without a break, as we have seen it."""

from datetime import timedelta

from stagework.api.observed import NodeView
from stagework.cluster.cache.store import Change
from stagework.controllers.pipelinejobs.readiness import Readiness
from tests.support.builders import after, make_node


class Hill:
    """Sees nodes, at a time that the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.readiness = Readiness(lambda: after(self.seconds))

    def sees(self, at: float, old: NodeView | None, new: NodeView | None) -> list[float]:
        self.seconds = at
        assert list(self.readiness.changed(Change(old, new))) == []
        return [(since - after(0)).total_seconds() for since in self.readiness.since.values()]


READY, AWAY = make_node(transition="1"), make_node(ready=False, transition="2")
BACK = make_node(transition="3")


def test_it_counts_from_when_the_node_is_seen_ready_first() -> None:
    assert Hill().sees(5, None, READY) == [5]
    assert Hill().sees(5, None, AWAY) == []


def test_what_changes_besides_is_no_break() -> None:
    hill = Hill()
    hill.sees(5, None, READY)

    assert hill.sees(9, READY, make_node(transition="1", cordoned=True)) == [5]
    assert hill.sees(10, READY, READY) == [5]


def test_a_node_that_was_away_counts_anew() -> None:
    hill = Hill()
    hill.sees(5, None, READY)

    assert hill.sees(6, READY, AWAY) == []
    assert hill.sees(7, AWAY, BACK) == [7]


def test_a_node_that_was_away_between_two_looks_of_ours_counts_anew() -> None:
    hill = Hill()
    hill.sees(5, None, READY)

    assert hill.sees(8, READY, BACK) == [8]


def test_another_node_of_the_same_name_counts_anew_and_one_that_is_gone_does_not_count() -> None:
    hill = Hill()
    hill.sees(5, None, READY)

    assert hill.sees(8, READY, make_node(uid="another", transition="1")) == [8]
    assert hill.sees(9, READY, None) == []


def test_it_counts_anew_from_when_we_lead_for_then_another_clock_begins() -> None:
    hill = Hill()
    hill.sees(3600, None, READY)
    hill.seconds = 5

    hill.readiness.begin()

    assert [since - after(5) for since in hill.readiness.since.values()] == [timedelta(0)]
