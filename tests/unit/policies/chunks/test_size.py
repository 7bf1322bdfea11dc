"""How large the next chunk is, and why: the table of reasons."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagework.policies.chunks.fit import Fit, History
from stagework.policies.chunks.size import Chunking, Size, chunk_size


def fitted(
    fixed: float, item: float, *, largest: int = 1000, history: History | None = None
) -> Fit:
    return Fit(fixed, item, (), 1, largest, history)


DEFAULTS = Chunking()


def size(
    fit: Fit | None,
    chunking: int | Chunking = DEFAULTS,
    *,
    rest: int = 1_000_000,
    live: int = 4,
    idle: int = 1,
    timeout: float | None = None,
) -> Size:
    live_slots = ["gpu"] * live
    return chunk_size(
        chunking, {"gpu": fit}, "gpu", rest=rest, live=live_slots, idle=idle, timeout=timeout
    )


KNOWN = fitted(15, 2)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(size(KNOWN), Size(143, "Amortised"), id="the share of the fixed cost wins"),
        pytest.param(size(fitted(5, 2)), Size(147, "Target"), id="it lasts the target"),
        pytest.param(
            size(fitted(120, 0.5, largest=10_000), Chunking(target_seconds=60, max_items=9000)),
            Size(4560, "Amortised"),
            id="a target below the fixed cost is not ruinous",
        ),
        pytest.param(size(None), Size(25, "Pilot"), id="nothing is known"),
        pytest.param(size(fitted(5, 0.1, largest=25)), Size(200, "Pilot"), id="it grows by eight"),
        pytest.param(
            size(fitted(5, 0.1, largest=0, history=History(5, 0.1)), Chunking(max_items=5000)),
            Size(2950, "Target"),
            id="a history needs no pilot",
        ),
        pytest.param(size(fitted(5, 0.1)), Size(1000, "Limit"), id="max"),
        pytest.param(size(KNOWN, Chunking(min_items=300)), Size(300, "Limit"), id="min"),
        pytest.param(size(None, Chunking(max_items=10)), Size(10, "Limit"), id="a pilot, and max"),
        pytest.param(size(KNOWN, timeout=100), Size(17, "Limit"), id="half the timeout"),
        pytest.param(size(KNOWN, timeout=20), Size(1, "Limit"), id="a timeout below the cost"),
        pytest.param(size(KNOWN, timeout=3600), Size(143, "Amortised"), id="a timeout far away"),
        pytest.param(size(KNOWN, 10), Size(10, "Limit"), id="chunkSize"),
        pytest.param(size(KNOWN, 10, rest=7), Size(7, "Tail"), id="chunkSize, and what is left"),
        pytest.param(size(None, 10), Size(10, "Limit"), id="chunkSize, nothing known"),
        pytest.param(size(KNOWN, rest=600), Size(100, "Tail"), id="600 by 4 slots by 1.5"),
        pytest.param(size(KNOWN, rest=60), Size(15, "Tail"), id="it works twice its fixed cost"),
        pytest.param(size(KNOWN, rest=18), Size(18, "Tail"), id="no crumbs are left"),
        pytest.param(size(KNOWN, rest=40, idle=4), Size(10, "Tail"), id="idle slots share"),
        pytest.param(size(None, rest=60), Size(10, "Tail"), id="a pilot leaves some for others"),
        pytest.param(size(KNOWN, rest=1), Size(1, "Tail"), id="the last item"),
        pytest.param(size(KNOWN, rest=2, live=9, idle=9), Size(1, "Tail"), id="fewer than slots"),
        pytest.param(size(KNOWN, rest=90, live=0), Size(60, "Tail"), id="no live slot"),
    ],
)
def test_size_and_reason(said: Size, expected: Size) -> None:
    assert said == expected


def test_where_one_round_is_left_idle_slots_take_it_evenly() -> None:
    light = fitted(3, 0.05, history=History(3, 0.05))
    rest, taken = 2000, list[int]()
    for idle in range(16, 0, -1):
        taken.append(size(light, rest=rest, live=16, idle=idle).items)
        rest -= taken[-1]

    assert taken == [125] * 16


def test_in_the_tail_a_slow_class_takes_less() -> None:
    fits: dict[str, Fit | None] = {"fast": fitted(0, 1), "slow": fitted(0, 4)}
    live = ["fast", "fast", "slow", "slow"]

    def tail(machine: str) -> Size:
        return chunk_size(Chunking(), fits, machine, rest=150, live=live, idle=1, timeout=None)

    assert tail("fast") == Size(40, "Tail")
    assert tail("slow") == Size(10, "Tail")


def test_a_class_of_which_nothing_is_known_is_taken_to_be_as_fast() -> None:
    said = chunk_size(
        Chunking(), {"fast": KNOWN}, "fast", rest=150, live=["fast", "new"], idle=1, timeout=None
    )

    assert said == Size(50, "Tail")


@given(
    fit=st.builds(fitted, st.floats(0, 1e4), st.floats(1e-6, 1e4)),
    limits=st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
    rest=st.integers(1, 1_000_000),
    slots=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    timeout=st.one_of(st.none(), st.floats(1, 1e6)),
)
def test_there_is_always_a_chunk_and_never_more_than_is_left_or_allowed(
    fit: Fit, limits: tuple[int, int], rest: int, slots: tuple[int, int], timeout: float | None
) -> None:
    chunking = Chunking(min_items=min(limits), max_items=max(limits))

    said = size(fit, chunking, rest=rest, live=slots[0], idle=slots[1], timeout=timeout)

    assert 1 <= said.items <= min(rest, max(limits))
    assert said.reason == "Tail" or said.items >= min(limits)


@settings(deadline=None)  # hundreds of chunks
@given(rest=st.integers(1, 20_000), live=st.integers(1, 64))
def test_chunks_use_up_what_is_left_and_do_not_grow_towards_the_end(rest: int, live: int) -> None:
    taken = list[int]()
    while rest:
        taken.append(size(KNOWN, rest=rest, live=live).items)
        rest -= taken[-1]

    # The last one may take the crumbs of the one that would have come after it.
    assert taken[:-1] == sorted(taken[:-1], reverse=True)
