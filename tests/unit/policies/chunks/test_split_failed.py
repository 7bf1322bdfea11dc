"""A chunk that failed falls into parts: the bad item is found, and the others are not lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.policies.chunks.split_failed import ROUNDS, split_failed


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(split_failed(10, 3, 4), [(0, 4), (4, 5), (5, 10)], id="alone, and the rest"),
        pytest.param(split_failed(10, 3, 0), [(0, 1), (1, 10)], id="the first"),
        pytest.param(split_failed(10, 3, 9), [(0, 9), (9, 10)], id="the last"),
        pytest.param(split_failed(1, 3, 0), [(0, 1)], id="one item"),
        pytest.param(split_failed(1, 3), [(0, 1)], id="one item, not named"),
        pytest.param(split_failed(8, 3), [(0, 4), (4, 8)], id="8 in 2"),
        pytest.param(split_failed(10, 3), [(0, 3), (3, 6), (6, 10)], id="10 in 3"),
        pytest.param(split_failed(4, 1), [(0, 1), (1, 2), (2, 3), (3, 4)], id="the last round"),
        pytest.param(split_failed(3, 0), [(0, 1), (1, 2), (2, 3)], id="no round left is the last"),
        pytest.param(split_failed(8, 3, 8), [(0, 4), (4, 8)], id="a place that it does not have"),
        pytest.param(split_failed(8, 3, -1), [(0, 4), (4, 8)], id="nor that one"),
    ],
)
def test_parts(parts: tuple[range, ...], expected: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in parts] == expected


@pytest.mark.parametrize(
    ("items", "rounds", "count"),
    [(200, 3, 6), (125, 3, 5), (126, 3, 6), (1000, 3, 10), (64, 3, 4), (65, 3, 5), (49, 2, 7)],
)
def test_there_are_as_many_parts_as_the_root_rounded_up(
    items: int, rounds: int, count: int
) -> None:
    assert len(split_failed(items, rounds)) == count


@given(
    items=st.integers(1, 5000),
    rounds=st.integers(1, 4),
    suspect=st.one_of(st.none(), st.integers(0, 4999)),
)
def test_every_item_is_in_one_part(items: int, rounds: int, suspect: int | None) -> None:
    parts = split_failed(items, rounds, suspect)

    assert [place for part in parts for place in part] == list(range(items))
    assert all(parts)


def found(items: int, bad: int) -> tuple[int, int, int]:
    """Rounds until the bad one is alone, chunks run again, innocent items that failed with it."""
    parts, rounds, again = (range(items),), 0, 0
    while True:
        chunk = next(part for part in parts if bad in part)
        if len(chunk) == 1 or rounds == ROUNDS:
            return rounds, again, len(chunk) - 1
        parts = tuple(
            range(chunk.start + part.start, chunk.start + part.stop)
            for part in split_failed(len(chunk), ROUNDS - rounds)
        )
        rounds, again = rounds + 1, again + len(parts)


@pytest.mark.parametrize("items", [1, 2, 7, 8, 9, 10, 50, 200, 1000])
def test_three_rounds_isolate_any_item_of_any_chunk(items: int) -> None:
    every = [found(items, bad) for bad in range(items)]

    assert max(rounds for rounds, _, _ in every) <= ROUNDS
    assert max(innocent for _, _, innocent in every) == 0


@pytest.mark.parametrize(("items", "most"), [(10, 8), (200, 18)])
def test_few_chunks_run_again_for_it(items: int, most: int) -> None:
    assert max(found(items, bad)[1] for bad in range(items)) <= most
