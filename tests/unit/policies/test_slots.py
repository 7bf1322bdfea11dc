"""The ledger of slots: slot requests in, turns out."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from stagework.policies.slots.ledger import SlotLedger
from stagework.policies.slots.queue_order import TURNS_KEPT, QueueOrder
from stagework.policies.slots.request import Moment, SlotRequest
from stagework.policies.slots.turn import Granted, Holder, Paused, Queued, Standing, Turn
from tests.support.builders import T0, after, make_order

AT = Moment(T0, 0.0)


def _request(
    run: str,
    stage: str = "s",
    *classes: str,
    holds: str = "",
    free: bool = False,
    since: datetime | None = None,
    **order: Any,
) -> SlotRequest:
    classes = classes or ("gpu",)
    return SlotRequest(stage, classes, make_order(run, **order), holds, free, since)


class Ledger:
    """A ledger at one moment, which a test moves on."""

    def __init__(self, **slots: int) -> None:
        self.ledger = SlotLedger()
        self.at = AT
        self.ledger.set_slots(slots, self.at)

    def ask(self, *requests: SlotRequest) -> set[str]:
        """Each for its own run alone."""
        woken: set[str] = set()
        for request in requests:
            woken |= self.ledger.request(request.order.uid, [request], self.at)
        return woken

    def leave(self, run: str) -> set[str]:
        """It asks for nothing any more."""
        return self.ledger.request(run, (), self.at)

    def resize(self, **slots: int) -> set[str]:
        return self.ledger.set_slots(slots, self.at)

    def turn(self, run: str) -> Turn:
        (turn,) = self.ledger.turns(run).values()
        return turn

    def standing(self, run: str) -> Standing:
        turn = self.turn(run)
        assert isinstance(turn, Queued)
        return turn.standing

    def place(self, run: str) -> tuple[int, int]:
        return self.standing(run).position, self.standing(run).length

    def has(self, *runs: str) -> list[str]:
        """Those of them whose turn has come."""
        return [r for r in runs if Granted in {type(t) for t in self.ledger.turns(r).values()}]

    def pass_seconds(self, seconds: float) -> set[str]:
        self.at = Moment(self.at.now + timedelta(seconds=seconds), self.at.clock + seconds)
        return self.ledger.tick(self.at)

    def served_in_turn(self, *runs: str) -> list[str]:
        """The one slot goes from run to run until nobody waits."""
        order: list[str] = []
        while len(order) < len(runs):
            (holder,) = [run for run in self.has(*runs) if run not in order]
            order.append(holder)
            self.leave(holder)
        return order


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
        pytest.param(_request("a"), _request("b"), id="the name decides at last"),
    ],
)
def test_the_queue_is_ordered(first: SlotRequest, second: SlotRequest) -> None:
    """By priority, then begun work, then age, whoever came first."""
    ledger = Ledger(gpu=0)
    ledger.ask(second, first)

    assert first.order.uid in ledger.resize(gpu=1)
    assert ledger.turn(first.order.uid) == Granted("gpu")
    assert isinstance(ledger.turn(second.order.uid), Queued)


def test_of_runs_made_in_one_second_the_name_decides_not_the_uid() -> None:
    ledger = Ledger(gpu=0)
    ledger.ask(
        SlotRequest("s", ("gpu",), make_order("ad-1")._replace(uid="zzz")),
        SlotRequest("s", ("gpu",), make_order("ad-2")._replace(uid="aaa")),
    )

    ledger.resize(gpu=1)

    assert ledger.has("aaa", "zzz") == ["zzz"]


def test_earlier_stages_of_a_run_come_before_later_ones() -> None:
    ledger = Ledger(gpu=1)

    wanted = [_request("run", "late", position=5), _request("run", "early", position=2)]
    ledger.ledger.request("run", wanted, AT)

    assert ledger.ledger.turns("run")["early"] == Granted("gpu")
    assert isinstance(ledger.ledger.turns("run")["late"], Queued)


# Round the namespaces.


def test_a_thousand_runs_of_one_namespace_delay_another_by_one_stage() -> None:
    ledger = Ledger(gpu=1)
    many = [f"many-{number:04}" for number in range(1000)]
    ledger.ask(*(_request(run, namespace="busy", created="2025") for run in many))
    ledger.ask(_request("quiet", namespace="quiet", created="2027"))

    ledger.leave("many-0000")

    assert ledger.has("quiet", *many) == ["quiet"]


def test_slots_go_round_the_namespaces_that_wait() -> None:
    runs = [f"{namespace}{number}" for namespace in "abc" for number in range(3)]
    ledger = Ledger(gpu=1)
    ledger.ask(*(_request(run, namespace=run[0]) for run in runs[:7]))

    served = ledger.served_in_turn(*runs[:7])

    assert served == ["a0", "b0", "c0", "a1", "b1", "a2", "b2"]


def test_a_higher_priority_comes_before_the_round_and_is_part_of_it() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(
        *(_request(f"a{number}", namespace="a") for number in range(2)),
        *(_request(f"b{number}", namespace="b") for number in range(2)),
        _request("a-high", namespace="a", priority=5),
    )

    served = ledger.served_in_turn("a0", "a1", "b0", "b1", "a-high")

    assert served == ["a0", "a-high", "b0", "a1", "b1"]


def test_begun_work_of_one_namespace_does_not_come_before_anothers_turn() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(
        _request("a0", namespace="a"),
        _request("a1", namespace="a", begun=True),
        _request("b0", namespace="b"),
    )

    assert ledger.served_in_turn("a0", "a1", "b0") == ["a0", "b0", "a1"]


def test_after_a_restart_what_runs_says_who_was_served_last() -> None:
    ledger = Ledger(gpu=0)
    ledger.ask(
        _request("a0", namespace="a", holds="gpu", since=after(-10)),
        _request("b0", namespace="b", holds="gpu", since=after(-20)),
        _request("a1", namespace="a", created="2025"),
        _request("b1", namespace="b"),
    )

    ledger.resize(gpu=3)

    assert ledger.has("a1", "b1") == ["b1"]


# Round the batches of a namespace.


def _chunks(batch: str, number: int, **order: Any) -> list[SlotRequest]:
    return [_request(f"{batch}{place}", batch=batch, **order) for place in range(number)]


@pytest.mark.parametrize(
    ("requests", "served"),
    [
        pytest.param(
            [*_chunks("a", 4, created="2025"), *_chunks("b", 2)],
            ["a0", "b0", "a1", "b1", "a2", "a3"],
            id="an older batch with many chunks delays another by one",
        ),
        pytest.param(
            [*_chunks("a", 2), *_chunks("b", 2), *_chunks("c", 2, created="2025")],
            ["c0", "a0", "b0", "c1", "a1", "b1"],
            id="of those that were never served the oldest is first",
        ),
        pytest.param(
            [*_chunks("a", 3), _request("x", created="2027"), _request("y", created="2028")],
            ["a0", "x", "a1", "y", "a2"],
            id="runs of no batch are one together, by age",
        ),
        pytest.param(
            [*_chunks("a", 2, priority=1), *_chunks("b", 2, created="2025")],
            ["a0", "a1", "b0", "b1"],
            id="turns are taken at equal priority only",
        ),
        pytest.param(
            [_request("a0", batch="a"), _request("a1", batch="a", begun=True), *_chunks("b", 1)],
            ["a1", "b0", "a0"],
            id="begun work comes first in its own batch only",
        ),
        pytest.param(
            [*_chunks("a", 3), *_chunks("b", 3), *_chunks("z", 2, namespace="other")],
            ["a0", "z0", "b0", "z1", "a1", "b1", "a2", "b2"],
            id="many batches give a namespace no more turns",
        ),
    ],
)
def test_batches_of_a_namespace_take_turns(requests: list[SlotRequest], served: list[str]) -> None:
    ledger = Ledger(gpu=0)
    ledger.ask(*requests)
    ledger.pass_seconds(5)
    expected = {run: (place, len(served)) for place, run in enumerate(served, start=1)}
    ledger.resize(gpu=1)

    assert ledger.served_in_turn(*served) == served
    assert _places_of(requests) == expected


def _places_of(requests: list[SlotRequest]) -> dict[str, tuple[int, int]]:
    """As they are said while a slot is there that another one holds."""
    ledger = Ledger(gpu=1)
    holder = _request("holder", namespace="~", holds="gpu", since=after(-10))
    ledger.ask(holder, *requests)
    ledger.pass_seconds(5)
    return {request.order.run: ledger.place(request.order.run) for request in requests}


def test_a_batch_whose_next_chunk_comes_late_has_not_lost_or_won_a_turn() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*_chunks("a", 1), *_chunks("b", 3, created="2027"))
    ledger.leave("a0")  # b0 has the slot, and nobody of a waits
    ledger.ask(_request("a1", batch="a", created="2025"), _request("a2", batch="a"))

    assert ledger.served_in_turn("b0", "a1", "b1", "a2", "b2") == ["b0", "a1", "b1", "a2", "b2"]


def test_after_a_restart_what_runs_says_which_batch_was_served_last() -> None:
    ledger = Ledger(gpu=0)
    ledger.ask(
        _request("a0", batch="a", holds="gpu", since=after(-10)),
        _request("b0", batch="b", holds="gpu", since=after(-20)),
        _request("a1", batch="a", created="2025"),
        _request("b1", batch="b"),
    )

    ledger.resize(gpu=3)

    assert ledger.has("a1", "b1") == ["b1"]


@pytest.mark.parametrize(
    ("others", "shared"),
    [
        ((), False),
        ((_request("b0", batch="b"),), True),
        ((_request("single"),), True),
        ((_request("b0", batch="b", namespace="elsewhere"),), False),
        ((_request("b0", batch="b", priority=-1),), True),
    ],
)
def test_that_batches_take_turns_is_said_where_several_wait(
    others: tuple[SlotRequest, ...], shared: bool
) -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("first", holds="gpu"), *_chunks("a", 2), *others)
    ledger.pass_seconds(5)

    assert ledger.standing("a1").shared is shared


def test_of_batches_that_came_and_went_only_the_last_turns_are_known() -> None:
    queue = QueueOrder()
    for number in range(5 * TURNS_KEPT):
        queue.served(make_order("x", batch=f"b{number}"), number)
    queue.add(make_order("never", batch="new", created="2026"))
    queue.add(make_order("long ago", batch="b0", created="2025"))
    queue.add(make_order("last", batch=f"b{5 * TURNS_KEPT - 1}", created="2024"))

    assert [order.run for order in queue.in_order()] == ["long ago", "never", "last"]


# Places, as they are told.


def test_positions_count_from_one_and_say_how_long_the_queue_is() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abcd"))
    ledger.pass_seconds(5)

    assert [ledger.place(run) for run in "bcd"] == [(1, 3), (2, 3), (3, 3)]
    assert ledger.ledger.queue_lengths() == {"gpu": 3}


def test_places_follow_the_round_of_namespaces() -> None:
    ledger = Ledger(gpu=0)
    ledger.ask(*(_request(run, namespace=run[0]) for run in ("a0", "a1", "a2", "b0")))
    ledger.resize(gpu=1)
    ledger.pass_seconds(5)

    assert ledger.has("a0") == ["a0"]
    assert {run: ledger.place(run) for run in ("b0", "a1", "a2")} == {
        "b0": (1, 3),
        "a1": (2, 3),
        "a2": (3, 3),
    }
    assert ledger.standing("b0").namespaces == 2


def test_all_numbers_of_a_queue_are_of_one_moment() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abcd"))
    ledger.pass_seconds(5)

    woken = ledger.leave("a")
    told = sorted(ledger.place(run) for run in "cd")
    assert (woken, told) == ({"b"}, [(2, 3), (3, 3)]), "nobody is told before all are"

    assert ledger.pass_seconds(5) == {"c", "d"}
    assert sorted(ledger.place(run) for run in "cd") == [(1, 2), (2, 2)]


def test_one_that_has_come_is_said_its_place_with_all_others() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abd"))
    ledger.pass_seconds(5)

    ledger.ask(_request("c"))
    assert ledger.place("c") == (0, 0)

    assert ledger.pass_seconds(5) == {"b", "c", "d"}
    assert [ledger.place(run) for run in "bcd"] == [(1, 3), (2, 3), (3, 3)]


def test_where_nothing_moves_nobody_is_said_anything() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abc"))
    ledger.pass_seconds(5)

    ledger.ask(*map(_request, "abc"))

    assert ledger.pass_seconds(5) == set()


def test_far_back_in_a_long_queue_numbers_are_round_and_seldom_news() -> None:
    ledger = Ledger(gpu=1)
    runs = [f"r{number:05}" for number in range(3001)]
    ledger.ask(*map(_request, runs))
    ledger.pass_seconds(5)
    assert ledger.standing(runs[50]).position == 50
    back = ledger.standing(runs[1234])
    assert (back.position, back.length, back.far, back.is_long) == (1000, 3000, True, True)

    ledger.leave(runs[0])
    ledger.pass_seconds(5)

    assert ledger.standing(runs[1234]) == replace(back, length=2000)
    ledger.leave(runs[1])
    assert len(ledger.pass_seconds(5)) < 100


def test_who_waits_is_said_who_holds_by_name_only_within_its_namespace() -> None:
    ledger = Ledger(gpu=3)
    ledger.ask(
        _request("young", holds="gpu", since=after(-12)),
        _request("old", holds="gpu", since=after(-75)),
        _request("foreign", namespace="elsewhere", holds="gpu", since=after(-9)),
        _request("waits"),
        _request("stranger", namespace="third"),
    )
    ledger.pass_seconds(5)

    mine, others = ledger.standing("waits"), ledger.standing("stranger")
    assert mine.holders == (Holder("old", "s", 60), Holder("young", "s", 10))
    assert (mine.taken, mine.slots, mine.others) == (3, 3, 1)
    assert (others.holders, others.others) == ((), 3)


def test_how_long_a_slot_is_held_is_news_only_now_and_then() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("holder", holds="gpu", since=AT.now), _request("waits"))
    ledger.pass_seconds(5)

    news = [bool(ledger.pass_seconds(1)) for _ in range(3600)]

    assert 5 < sum(news) < 20


# Slots that are held.


def test_a_freed_slot_goes_to_the_head_of_the_queue_and_wakes_its_run() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abc"))

    assert ledger.leave("a") == {"b"}
    assert ledger.has(*"abc") == ["b"]


def test_asking_again_keeps_a_slot_that_was_given() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("young"), _request("old", created="2025", priority=100))

    assert ledger.ask(_request("young", priority=1)) == set()
    assert ledger.has("old", "young") == ["young"]


def test_a_slot_that_was_given_stays_given_when_the_class_shrinks() -> None:
    ledger = Ledger(gpu=2)
    ledger.ask(_request("a"), _request("b"))

    ledger.resize(gpu=1)

    assert ledger.has("a", "b") == ["a", "b"]
    ledger.ask(_request("c"))
    ledger.leave("a")
    assert ledger.has("b", "c") == ["b"], "the class is still full"
    ledger.leave("b")
    assert ledger.has("c") == ["c"]


def test_classes_that_are_not_named_any_more_have_no_slots() -> None:
    ledger = Ledger(gpu=1, macmini=1)

    ledger.resize(gpu=1)
    ledger.ask(_request("a", "s", "macmini"))

    assert isinstance(ledger.turn("a"), Queued)


def test_what_runs_holds_its_slot_even_beyond_the_number_of_slots() -> None:
    """After a restart the Pods that are there count, whatever the ledger would have given."""
    ledger = Ledger(gpu=0)
    ledger.ask(_request("a", holds="gpu"), _request("b", holds="gpu"), _request("c", priority=100))

    ledger.resize(gpu=1)

    assert ledger.has("a", "b", "c") == ["a", "b"]
    ledger.leave("a")
    assert ledger.has("c") == []
    ledger.leave("b")
    assert ledger.has("c") == ["c"]


def test_what_takes_no_slot_lets_the_next_one_start_and_counts_again_when_it_works() -> None:
    """Its node is away, or it cannot start."""
    ledger = Ledger(gpu=1)
    ledger.ask(_request("a", holds="gpu"), _request("b"))

    assert ledger.ask(_request("a", holds="gpu", free=True)) == {"b"}
    ledger.ask(_request("a", holds="gpu"), _request("c"))

    assert ledger.has("a", "b", "c") == ["a", "b"], "both run now; nobody else starts"
    ledger.leave("a")
    assert ledger.has("c") == []


def test_a_turn_without_a_slot_is_no_claim_to_one() -> None:
    """It was stuck without a Pod; now it has one, held: it waits for its turn like all others."""
    ledger = Ledger(gpu=1)
    ledger.ask(_request("a", holds="gpu", free=True), _request("b"))

    ledger.ask(_request("a"))

    assert ledger.has("a", "b") == ["b"]


def test_a_slot_on_a_class_that_does_not_count_any_more_is_given_back() -> None:
    ledger = Ledger(gpu=0, macmini=1)
    ledger.ask(_request("a", "s", "gpu", "macmini"), _request("b", "s", "macmini"))

    assert ledger.ask(_request("a", "s", "gpu")) == {"b"}
    assert isinstance(ledger.turn("a"), Queued)


# Classes in order of preference.


def test_a_pool_takes_whichever_class_is_free_first() -> None:
    ledger = Ledger(gpu=0, macmini=0)
    ledger.ask(_request("a", "s", "gpu", "macmini"))

    ledger.resize(gpu=0, macmini=1)

    assert ledger.turn("a") == Granted("macmini")
    assert ledger.ledger.queue_lengths() == {"gpu": 0, "macmini": 0}, "it waits in no queue"


@pytest.mark.parametrize("classes", [("macmini", "gpu"), ("gpu", "macmini")])
def test_of_several_free_classes_the_first_of_its_own_order_is_taken(
    classes: tuple[str, ...],
) -> None:
    ledger = Ledger(gpu=1, macmini=1)
    ledger.ask(_request("a", "s", *classes))
    assert ledger.turn("a") == Granted(classes[0])

    waits = Ledger(gpu=0, macmini=0)
    waits.ask(_request("a", "s", *classes))
    waits.resize(gpu=1, macmini=1)
    assert waits.turn("a") == Granted(classes[0])


def test_two_that_prefer_each_others_class_both_get_a_slot() -> None:
    ledger = Ledger(gpu=0, macmini=0)
    ledger.ask(
        _request("a", "s", "macmini", "gpu"),
        _request("b", "s", "gpu", "macmini"),
        _request("c", "s", "macmini"),
    )

    ledger.resize(gpu=1, macmini=1)

    assert ledger.has("a", "b", "c") == ["a", "b"]
    assert (ledger.turn("a"), ledger.turn("b")) == (Granted("macmini"), Granted("gpu"))


# Turns that are not used.


def test_a_turn_that_is_not_used_runs_out_and_comes_again_after_a_pause() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("bad", priority=10), _request("good"))

    assert ledger.pass_seconds(59) == set() or ledger.has("bad")
    woken = ledger.pass_seconds(1)

    assert {"bad", "good"} <= woken
    assert ledger.has("bad", "good") == ["good"]
    assert ledger.turn("bad") == Paused("gpu")
    ledger.ask(_request("good", holds="gpu"))
    ledger.leave("good")
    assert ledger.has("bad") == [], "its pause is not over"
    ledger.pass_seconds(60)
    assert ledger.has("bad") == ["bad"]


def test_who_asks_again_does_not_make_an_unused_turn_longer() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("bad"))
    for _ in range(6):
        ledger.ask(_request("bad", priority=ledger.at.now.second))
        ledger.pass_seconds(10)

    assert ledger.turn("bad") == Paused("gpu")


def test_pauses_grow_up_to_ten_minutes_and_are_forgotten_with_the_first_pod() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("bad"))
    seen: list[float] = []
    for _ in range(12):
        ledger.pass_seconds(60)
        began = ledger.at.clock
        while not ledger.has("bad"):
            ledger.pass_seconds(1)
        seen.append(ledger.at.clock - began)

    assert seen == [60.0 * n for n in range(1, 11)] + [600.0, 600.0]
    ledger.ask(_request("bad", holds="gpu"))
    ledger.ask(_request("bad"))
    ledger.pass_seconds(60)
    ledger.pass_seconds(60)
    assert ledger.has("bad") == ["bad"]


def test_a_turn_that_is_used_never_runs_out() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("good"), _request("next"))
    ledger.ask(_request("good", holds="gpu"))

    ledger.pass_seconds(100_000)

    assert ledger.has("good", "next") == ["good"]


# Asking, and leaving.


def test_a_change_of_priority_moves_a_run_in_the_queue() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(*map(_request, "abc"))

    ledger.ask(_request("c", priority=1))
    ledger.pass_seconds(5)

    assert (ledger.place("c"), ledger.place("b")) == ((1, 2), (2, 2))


def test_a_run_that_asks_for_nothing_has_no_turns() -> None:
    ledger = Ledger(gpu=1)
    ledger.ask(_request("a"))
    ledger.leave("a")

    assert ledger.ledger.turns("a") == {}
    assert ledger.ledger.turns("never seen") == {}


def test_a_run_is_not_told_of_its_own_turn() -> None:
    """It asks for its turns next, in the same decision."""
    ledger = Ledger(gpu=1)

    assert ledger.ask(_request("a")) == set()
    assert ledger.turn("a") == Granted("gpu")


def test_what_a_run_gives_back_on_several_classes_goes_to_whoever_waits_for_any_of_them() -> None:
    ledger = Ledger(gpu=1, macmini=1)
    both = [_request("a", "s", "gpu"), _request("a", "t", "macmini", position=1)]
    ledger.ledger.request("a", both, AT)
    ledger.ask(_request("b", "s", "gpu"), _request("c", "s", "macmini"))
    assert ledger.ledger.taken() == 2

    assert ledger.leave("a") == {"b", "c"}
    assert ledger.ledger.taken() == 2


def test_ten_thousand_that_wait_are_asked_after_within_a_second() -> None:
    """So a request must not look at all that wait."""
    ledger = Ledger(gpu=2)
    requests = [_request(f"r{n:05}", namespace=f"ns-{n % 50}") for n in range(10_000)]
    began = time.perf_counter()
    ledger.ask(*requests)
    for request in requests[:2000]:
        ledger.ask(request)
        ledger.ledger.turns(request.order.uid)

    assert time.perf_counter() - began < 5
