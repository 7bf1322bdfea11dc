"""Of several things that are in a stage's way one is said, always in the same order."""

from itertools import combinations

import pytest

from stagework.policies.wait_cause import PRECEDENCE, Cause, first_cause


def test_the_order_is_the_one_that_is_documented() -> None:
    assert PRECEDENCE == (
        "Dependency",
        "Approval",
        "Suspended",
        "BackOff",
        "Machine",
        "Parallelism",
        "Slot",
    )


@pytest.mark.parametrize("pair", [*combinations(PRECEDENCE, 2)], ids="-".join)
def test_of_two_the_earlier_one_is_said(pair: tuple[Cause, Cause]) -> None:
    assert first_cause(pair) == first_cause(pair[::-1]) == pair[0]


def test_where_nothing_is_in_the_way_nothing_is_said() -> None:
    assert first_cause(()) is None
