"""When a key comes round again."""

import pytest

from stagework.controllers.agenda import Agenda


def _taken(agenda: Agenda[str], now: float) -> list[str]:
    return list(agenda.take_due(now))


def test_keys_come_round_in_the_order_of_their_dates_and_once() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("late", 9)
    agenda.put("early", 3)

    assert _taken(agenda, 2.9) == []
    assert _taken(agenda, 9) == ["early", "late"]
    assert _taken(agenda, 100) == []


def test_an_earlier_date_stands_and_takes_the_place_of_a_later_one() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("a", 5)
    agenda.put("a", 8)
    agenda.put("a", 2)

    assert _taken(agenda, 2) == ["a"]
    assert _taken(agenda, 8) == [], "the later dates are gone with it"


def test_after_it_came_round_a_key_may_have_a_later_date() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("a", 2)
    agenda.put("b", 1)
    assert _taken(agenda, 2) == ["b", "a"]

    agenda.put("a", 7)

    assert _taken(agenda, 7) == ["a"]


def test_only_what_comes_first_of_all_moves_the_next_time() -> None:
    agenda: Agenda[str] = Agenda()
    assert agenda.earliest() is None

    assert agenda.put("a", 5)
    assert not agenda.put("b", 6)
    assert not agenda.put("a", 5), "it has that date already"
    assert agenda.put("b", 4)
    assert agenda.earliest() == 4


def test_the_pause_after_failures_in_a_row_doubles_up_to_the_longest() -> None:
    agenda: Agenda[str] = Agenda()

    pauses = [agenda.pause_after_failure("a", 1.0, 10.0) for _ in range(6)]

    assert pauses == [1, 2, 4, 8, 10, 10]
    assert agenda.pause_after_failure("b", 1.0, 10.0) == 1, "each key has its own"


def test_a_success_ends_the_row_of_failures() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.pause_after_failure("a", 1.0, 10.0)
    agenda.succeeded("a")

    assert agenda.pause_after_failure("a", 1.0, 10.0) == 1


@pytest.mark.parametrize("failures", [100, 2000])
def test_endless_failures_are_counted_without_end(failures: int) -> None:
    agenda: Agenda[str] = Agenda()
    for _ in range(failures):
        agenda.pause_after_failure("a", 0.05, 30.0)

    assert agenda.pause_after_failure("a", 0.05, 30.0) == 30


def test_dates_that_were_replaced_do_not_stay_until_they_come() -> None:
    agenda: Agenda[str] = Agenda()
    for late in range(1000, 0, -1):
        agenda.put("a", late)
        agenda.put("b", late)

    assert len(vars(agenda)["_heap"]) <= 4
    assert agenda.earliest() == 1
    assert sorted(_taken(agenda, 1)) == ["a", "b"]
    assert agenda.earliest() is None


def test_what_is_forgotten_does_not_come_round() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("gone", 5)
    agenda.put("stays", 6)
    agenda.pause_after_failure("gone", 1, 60)
    agenda.forget("gone")

    assert _taken(agenda, 9) == ["stays"]
    assert agenda.pause_after_failure("gone", 1, 60) == 1, "it begins anew"
    agenda.forget("never there")
