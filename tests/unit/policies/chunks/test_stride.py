"""The order in which items are taken: each once, and any sorted list well mixed."""

import math
from statistics import fmean

import pytest

from stagework.policies.chunks.stride import GOLDEN, position, stride


def test_each_position_comes_once_in_a_list_of_any_length() -> None:
    # i * g mod N hits each position once exactly where g and N have no common divisor.
    assert [total for total in range(1, 100_001) if math.gcd(stride(total), total) > 1] == []


@pytest.mark.parametrize("total", [*range(1, 200), 1000, 9973, 30_030, 65_536, 100_000])
def test_the_positions_are_those_of_the_list(total: int) -> None:
    assert sorted(position(turn, total) for turn in range(total)) == list(range(total))


def test_the_step_is_near_the_golden_ratio() -> None:
    far = [total for total in range(1, 100_001) if abs(stride(total) - GOLDEN * total) > 22]

    assert far == []


def test_the_step_is_within_the_list() -> None:
    assert [total for total in range(2, 100_001) if not 1 <= stride(total) < total] == []


@pytest.mark.parametrize("total", [1000, 10_007, 100_000])
def test_the_first_tenth_of_a_sorted_list_is_like_the_whole(total: int) -> None:
    taken = [position(turn, total) for turn in range(total // 10)]

    assert fmean(taken) == pytest.approx((total - 1) / 2, rel=0.03)
