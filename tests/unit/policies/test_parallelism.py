"""How many stages of a run may be at work at once?"""

import pytest

from stagework.policies.parallelism import limit_of, within_limit


@pytest.mark.parametrize(
    ("limits", "counts"),
    [((None, None), None), ((3, None), 3), ((None, 2), 2), ((5, 2), 2), ((1, 2), 1)],
)
def test_the_lower_limit_counts(limits: tuple[int | None, int | None], counts: int | None) -> None:
    assert limit_of(*limits) == counts


def test_nobody_may_want_a_slot_where_there_is_no_room() -> None:
    assert within_limit(2, ["x", "y"], ["a"], {"a"}) == ()
    assert within_limit(1, ["x", "y"], ["a"], {"a"}) == (), "it was lowered, say"


def test_all_may_queue_as_long_as_there_is_room_for_one_and_none_has_its_turn() -> None:
    """Else one would wait for a class that has slots, behind another that waits for one that has
    none.
    """
    assert within_limit(2, ["x"], ["a", "b", "c"], ()) == ("a", "b", "c")


def test_turns_for_all_the_room_there_is_send_the_others_away() -> None:
    assert within_limit(2, ["x"], ["a", "b", "c"], {"b"}) == ("b",)
    assert within_limit(2, [], ["a", "b", "c"], {"b", "c"}) == ("b", "c")


def test_fewer_turns_than_room_leave_the_others_in_their_queues() -> None:
    assert within_limit(2, [], ["a", "b", "c"], {"b"}) == ("a", "b", "c")


def test_of_too_many_turns_the_first_are_used() -> None:
    assert within_limit(2, [], ["a", "b", "c"], {"a", "b", "c"}) == ("a", "b")
