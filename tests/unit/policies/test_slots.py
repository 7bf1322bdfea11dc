"""The ledger of slots: slot requests in, turns out."""

import pytest

from stagework.policies.slots import Granted, Order, Queued, SlotLedger, SlotRequest


def _order(
    run: str, *, priority: int = 0, begun: bool = False, created: str = "2026", index: int = 0
) -> Order:
    return (-priority, 0 if begun else 1, created, run, index)


def _request(
    run: str,
    stage: str = "s",
    *classes: str,
    holds: str = "",
    free: bool = False,
    priority: int = 0,
    begun: bool = False,
    created: str = "2026",
    index: int = 0,
) -> SlotRequest:
    order = _order(run, priority=priority, begun=begun, created=created, index=index)
    return SlotRequest(stage, classes or ("gpu",), order, holds=holds, free=free)


def _ledger(**slots: int) -> SlotLedger:
    ledger = SlotLedger()
    ledger.set_slots(slots)
    return ledger


def _granted(ledger: SlotLedger, *runs: str) -> list[str]:
    return [
        run for run in runs if any(isinstance(turn, Granted) for turn in ledger.turns(run).values())
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            _request("new", priority=10),
            _request("old", begun=True, created="2025"),
            id="higher priority before begun and older work",
        ),
        pytest.param(
            _request("old", begun=True, created="2026"),
            _request("new", begun=False, created="2025"),
            id="begun work before new work, even older",
        ),
        pytest.param(_request("old", created="2025"), _request("new"), id="older runs first"),
        pytest.param(_request("a"), _request("b"), id="the uid decides at last"),
    ],
)
def test_the_queue_is_ordered(first: SlotRequest, second: SlotRequest) -> None:
    """By priority, then begun work, then age, whoever came first."""
    ledger = _ledger(gpu=0)
    ledger.request(second.order[3], [second])
    ledger.request(first.order[3], [first])

    woken = ledger.set_slots({"gpu": 1})

    assert woken == {first.order[3]}
    assert ledger.turns(first.order[3]) == {"s": Granted("gpu")}
    assert ledger.turns(second.order[3]) == {"s": Queued("gpu", 1, 1, 1)}


def test_earlier_stages_of_a_run_come_before_later_ones() -> None:
    ledger = _ledger(gpu=1)

    ledger.request("run", [_request("run", "late", index=5), _request("run", "early", index=2)])

    assert ledger.turns("run") == {"early": Granted("gpu"), "late": Queued("gpu", 1, 1, 1)}


def test_positions_count_from_one_and_say_how_long_the_queue_is() -> None:
    ledger = _ledger(gpu=1)
    for run in ("a", "b", "c", "d"):
        ledger.request(run, [_request(run)])

    assert ledger.turns("b")["s"] == Queued("gpu", 1, 3, 1)
    assert ledger.turns("d")["s"] == Queued("gpu", 3, 3, 1)
    assert ledger.queue_lengths() == {"gpu": 3}


def test_a_freed_slot_goes_to_the_head_of_the_queue_and_wakes_its_run() -> None:
    ledger = _ledger(gpu=1)
    for run in ("a", "b", "c"):
        ledger.request(run, [_request(run)])

    assert ledger.request("a", []) == {"b"}
    assert _granted(ledger, "a", "b", "c") == ["b"]


def test_asking_again_keeps_a_slot_that_was_given() -> None:
    ledger = _ledger(gpu=1)
    ledger.request("young", [_request("young", created="2026")])
    ledger.request("old", [_request("old", created="2025", priority=100)])

    assert ledger.request("young", [_request("young", created="2026")]) == set()
    assert _granted(ledger, "old", "young") == ["young"]


def test_a_slot_that_was_given_stays_given_when_the_class_shrinks() -> None:
    ledger = _ledger(gpu=2)
    ledger.request("a", [_request("a")])
    ledger.request("b", [_request("b")])

    ledger.set_slots({"gpu": 1})

    assert _granted(ledger, "a", "b") == ["a", "b"]
    ledger.request("c", [_request("c")])
    ledger.request("a", [])
    assert _granted(ledger, "b", "c") == ["b"], "the class is still full"
    ledger.request("b", [])
    assert _granted(ledger, "c") == ["c"]


def test_classes_that_are_not_named_any_more_have_no_slots() -> None:
    ledger = _ledger(gpu=1, macmini=1)

    ledger.set_slots({"gpu": 1})
    ledger.request("a", [_request("a", "s", "macmini")])

    assert ledger.turns("a") == {"s": Queued("macmini", 1, 1, 0)}


def test_what_runs_holds_its_slot_even_beyond_the_number_of_slots() -> None:
    """After a restart the Pods that are there count, whatever the ledger would have given."""
    ledger = SlotLedger()
    ledger.request("a", [_request("a", holds="gpu")])
    ledger.request("b", [_request("b", holds="gpu")])
    ledger.request("c", [_request("c", priority=100)])

    ledger.set_slots({"gpu": 1})

    assert _granted(ledger, "a", "b", "c") == ["a", "b"]
    ledger.request("a", [])
    assert _granted(ledger, "c") == []
    ledger.request("b", [])
    assert _granted(ledger, "c") == ["c"]


def test_an_attempt_on_a_node_that_is_away_holds_no_slot_until_it_is_back() -> None:
    ledger = _ledger(gpu=1)
    ledger.request("a", [_request("a", holds="gpu")])
    ledger.request("b", [_request("b")])

    assert ledger.request("a", [_request("a", holds="gpu", free=True)]) == {"b"}
    ledger.request("a", [_request("a", holds="gpu")])
    ledger.request("c", [_request("c")])

    assert _granted(ledger, "a", "b", "c") == ["a", "b"], "both run now; nobody else starts"
    ledger.request("a", [])
    assert _granted(ledger, "c") == []


def test_a_pool_takes_whichever_class_is_free_first() -> None:
    ledger = _ledger(gpu=0, macmini=0)
    ledger.request("a", [_request("a", "s", "gpu", "macmini")])

    ledger.set_slots({"gpu": 0, "macmini": 1})

    assert ledger.turns("a") == {"s": Granted("macmini")}
    assert ledger.queue_lengths() == {"gpu": 0, "macmini": 0}, "it waits in no other queue any more"


def test_a_slot_on_a_class_that_does_not_count_any_more_is_given_back() -> None:
    ledger = _ledger(gpu=0, macmini=1)
    ledger.request("a", [_request("a", "s", "gpu", "macmini")])
    ledger.request("b", [_request("b", "s", "macmini")])

    woken = ledger.request("a", [_request("a", "s", "gpu")])

    assert woken == {"b"}
    assert ledger.turns("a") == {"s": Queued("gpu", 1, 1, 0)}


def test_a_change_of_priority_moves_a_run_in_the_queue() -> None:
    ledger = _ledger(gpu=1)
    for run in ("a", "b", "c"):
        ledger.request(run, [_request(run)])

    ledger.request("c", [_request("c", priority=1)])

    assert ledger.turns("c")["s"] == Queued("gpu", 1, 2, 1)
    assert ledger.turns("b")["s"] == Queued("gpu", 2, 2, 1)


def test_a_run_that_asks_for_nothing_has_no_turns() -> None:
    ledger = _ledger(gpu=1)
    ledger.request("a", [_request("a")])
    ledger.request("a", [])

    assert ledger.turns("a") == {}
    assert ledger.turns("never seen") == {}


def test_a_run_is_not_told_of_its_own_turn() -> None:
    """It asks for its turns next, in the same decision."""
    ledger = _ledger(gpu=1)

    assert ledger.request("a", [_request("a")]) == set()
    assert ledger.turns("a") == {"s": Granted("gpu")}


def test_what_a_run_gives_back_on_several_classes_goes_to_whoever_waits_for_any_of_them() -> None:
    ledger = _ledger(gpu=1, macmini=1)
    ledger.request("a", [_request("a", "s", "gpu"), _request("a", "t", "macmini", index=1)])
    ledger.request("b", [_request("b", "s", "gpu")])
    ledger.request("c", [_request("c", "s", "macmini")])
    assert ledger.taken() == 2

    assert ledger.request("a", ()) == {"b", "c"}
    assert ledger.taken() == 2
