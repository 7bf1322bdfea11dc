"""The ledger of slots as nodes come and go and runs say what they hold and want."""

from dataclasses import replace

import pytest

from stagework.api.observed import NodeView, PodView
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.policies.slots.request import Order, SlotRequest
from stagework.policies.slots.turn import Granted, Queued, Turn
from tests.support.builders import (
    GPU,
    MACMINI,
    NAMESPACE,
    make_fleet,
    make_job,
    make_node,
    make_order,
    make_pod,
    running,
    terminated,
)
from tests.unit.controllers.standins import make_slots


def key(run: str) -> Key:
    return Key("PipelineJob", NAMESPACE, run)


def _order(run: str, position: int = 0) -> Order:
    return make_order(run, position=position)._replace(uid=f"uid-of-{run}")


def wants(run: str, stage: str = "a", machine: str = "gpu") -> SlotRequest:
    return SlotRequest(stage, (machine,), _order(run))


def holds(run: str, stage: str = "a") -> SlotRequest:
    return SlotRequest(stage, ("gpu",), _order(run), holds="gpu")


class Yard:
    """Slots, and which runs they have woken."""

    def __init__(self) -> None:
        self.woken: list[Key] = []
        self.pods: dict[str, PodView] = {}
        self.slots = make_slots(make_fleet(GPU, MACMINI), self.woken.append, self.pods)

    def comes(self, node: NodeView, before: NodeView | None = None) -> bool:
        return self.slots.node_changed(Change(before, node))

    def leaves(self, node: NodeView) -> bool:
        return self.slots.node_changed(Change(node, None))

    def asks(self, run: str, *requests: SlotRequest) -> dict[str, Turn]:
        return self.slots.request(key(run), f"uid-of-{run}", requests)

    def leaves_queue(self, run: str) -> None:
        self.slots.release(f"uid-of-{run}")

    def keys_kept(self) -> int:
        return len(self.slots._keys)  # pyright: ignore[reportPrivateUsage]

    def woken_since(self) -> list[str]:
        woken = [run.name for run in self.woken]
        self.woken.clear()
        return woken


@pytest.fixture
def yard() -> Yard:
    """Open, with one slot for a GPU."""
    yard = Yard()
    yard.comes(make_node("gpu-0"))
    yard.slots.open()
    return yard


# Closed: every run says what it holds first.


def test_while_closed_nothing_is_given() -> None:
    yard = Yard()
    yard.comes(make_node("gpu-0"))

    assert isinstance(yard.asks("one", wants("one"))["a"], Queued)
    assert not yard.comes(make_node("gpu-1")), "nobody is to be decided about anew"
    assert yard.woken_since() == []
    assert yard.slots.taken() == 0


def test_while_closed_what_is_held_is_taken_in() -> None:
    yard = Yard()

    assert yard.asks("one", holds("one")) == {"a": Granted("gpu")}
    assert yard.slots.taken() == 1


def test_with_the_opening_those_are_woken_who_get_a_slot() -> None:
    yard = Yard()
    yard.comes(make_node("gpu-0"))
    yard.comes(make_node("gpu-1"))
    yard.asks("holder", holds("holder"))
    for run in ("first", "second"):
        yard.asks(run, wants(run))
    yard.slots.open()

    woken = yard.woken_since()
    assert sorted(woken) == ["first", "second"], "one has a slot now, the other is told its place"
    assert yard.slots.queue_lengths()["gpu"] == 1


def test_closed_again_nobody_has_a_slot_and_none_is_given(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.slots.close()

    assert yard.slots.taken() == 0
    assert isinstance(yard.asks("two", wants("two"))["a"], Queued)
    yard.slots.open()
    assert yard.woken_since() == ["two"], "the nodes are as they were"


# Runs come and go.


def test_a_released_slot_wakes_the_next_in_the_queue(yard: Yard) -> None:
    assert yard.asks("one", wants("one")) == {"a": Granted("gpu")}
    assert isinstance(yard.asks("two", wants("two"))["a"], Queued)
    assert isinstance(yard.asks("three", wants("three"))["a"], Queued)
    assert yard.woken_since() == []

    yard.leaves_queue("one")

    assert yard.woken_since() == ["three"], "the order of runs decides, not who asked first"
    assert yard.slots.taken() == 1


def test_a_run_that_wants_nothing_any_more_gives_its_slot_to_the_next(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.asks("two", wants("two"))

    assert yard.asks("one") == {}
    assert yard.woken_since() == ["two"]


def test_who_asks_is_not_woken_for_what_it_is_said(yard: Yard) -> None:
    yard.asks("one", wants("one", "a"), SlotRequest("b", ("gpu",), _order("one", 1)))
    yard.woken.clear()
    turns = yard.asks("one", SlotRequest("b", ("gpu",), _order("one", 1)))

    assert turns == {"b": Granted("gpu")}
    assert yard.woken_since() == []


def test_a_released_run_is_in_no_queue(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.asks("two", wants("two"))
    yard.leaves_queue("two")
    yard.leaves_queue("one")
    yard.leaves_queue("never there")

    assert yard.woken_since() == []
    assert (yard.slots.taken(), yard.slots.queue_lengths()["gpu"]) == (0, 0)


def test_of_a_run_without_requests_no_key_is_left(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.asks("two", wants("two"))
    assert yard.keys_kept() == 2

    yard.asks("one")
    yard.leaves_queue("two")
    assert yard.keys_kept() == 0


# Nodes come and go.


def test_a_new_node_wakes_who_waits_for_it(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.asks("two", wants("two"))

    assert yard.comes(make_node("gpu-1"))
    assert yard.woken_since() == ["two"]


def test_a_node_of_another_class_wakes_nobody_of_this_one(yard: Yard) -> None:
    yard.asks("one", wants("one"))
    yard.asks("two", wants("two"))

    assert yard.comes(make_node("mini-0", "macmini"))
    assert yard.woken_since() == []


def test_a_heartbeat_of_a_node_changes_nothing(yard: Yard) -> None:
    assert not yard.comes(make_node("gpu-0"), before=make_node("gpu-0"))


@pytest.mark.parametrize(
    "after",
    [
        make_node("gpu-0", ready=False),
        make_node("gpu-0", cordoned=True),
        make_node("gpu-0", labels={"stagework.dev/machine": "macmini"}),
    ],
    ids=["not ready", "cordoned", "of another class now"],
)
def test_a_node_that_takes_no_pods_has_no_slots_until_it_comes_back(
    yard: Yard, after: NodeView
) -> None:
    assert yard.comes(after, before=make_node("gpu-0"))
    assert isinstance(yard.asks("one", wants("one"))["a"], Queued)

    assert yard.comes(make_node("gpu-0"), before=after)
    assert yard.woken_since() == ["one"]


def test_a_cordoned_machine_that_falls_asleep_concerns_the_runs_on_it(yard: Yard) -> None:
    """Its slots are gone already; but a run's clock stands still while it is away."""
    cordoned = make_node("gpu-0", cordoned=True)
    asleep = make_node("gpu-0", cordoned=True, ready=False)
    yard.comes(cordoned, before=make_node("gpu-0"))

    assert yard.comes(asleep, before=cordoned)
    assert not yard.comes(asleep, before=asleep)
    assert yard.comes(cordoned, before=asleep)


def test_who_holds_a_slot_keeps_it_when_the_node_goes(yard: Yard) -> None:
    yard.asks("one", wants("one"))

    assert yard.leaves(make_node("gpu-0"))
    assert yard.asks("one", wants("one")) == {"a": Granted("gpu")}
    assert yard.slots.nodes == {}


def test_after_a_relist_a_node_made_anew_is_not_taken_for_the_one_that_has_gone(
    yard: Yard,
) -> None:
    old, new = make_node("gpu-0"), make_node("gpu-0", uid="made-anew")
    yard.comes(new)
    yard.leaves(old)

    assert yard.slots.nodes == {"gpu-0": new}
    assert yard.asks("one", wants("one")) == {"a": Granted("gpu")}


# A run that is gone holds by its Pods.


def _with_pod(yard: Yard, run: str) -> SlotRequest:
    pod = running(make_pod(make_job("a"), uid=f"pod-of-{run}"))
    yard.pods[pod.metadata.uid] = pod
    return replace(holds(run), pod=pod.metadata.uid)


def test_a_run_that_is_gone_holds_its_slot_until_its_pod_has_ended(yard: Yard) -> None:
    yard.asks("gone", _with_pod(yard, "gone"))
    yard.asks("next", wants("next"))

    yard.leaves_queue("gone")
    assert (yard.slots.taken(), yard.woken_since()) == (1, [])

    yard.pods["pod-of-gone"] = terminated(yard.pods["pod-of-gone"], 143)
    yard.slots.pod_changed("uid-of-gone")
    assert yard.woken_since() == ["next"]
    assert yard.keys_kept() == 1


def test_pods_of_other_runs_change_nothing_for_it(yard: Yard) -> None:
    yard.asks("gone", _with_pod(yard, "gone"))
    yard.leaves_queue("gone")
    yard.pods.clear()

    yard.slots.pod_changed("uid-of-somebody-else")
    assert yard.slots.taken() == 1
    yard.slots.pod_changed("uid-of-gone")
    assert yard.slots.taken() == 0


def test_a_run_that_speaks_again_speaks_for_its_pods(yard: Yard) -> None:
    yard.asks("back", _with_pod(yard, "back"))
    yard.leaves_queue("back")

    yard.asks("back")

    assert yard.slots.taken() == 0


def test_one_without_a_known_pod_leaves_nothing(yard: Yard) -> None:
    yard.asks("one", holds("one"))

    yard.leaves_queue("one")

    assert yard.slots.taken() == 0
