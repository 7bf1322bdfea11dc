"""What a chunk costs: from what was measured, from history, and where little is known."""

import pytest

from stagework.policies.chunks.fit import History, fit
from stagework.policies.chunks.observed import ObservedChunk
from tests.support.played_batches import chance

HISTORY = History(fixed_seconds=40.0, item_seconds=4.0)


def chunk(
    items: int, *, fixed: float = 30.0, item: float = 2.0, cold: bool = False
) -> ObservedChunk:
    return ObservedChunk(items, fixed + item * items, item * (items - 1), cold)


def untimed(items: int, *, fixed: float = 30.0, item: float = 2.0) -> ObservedChunk:
    return ObservedChunk(items, fixed + item * items)


def costs(chunks: list[ObservedChunk], history: History | None = None) -> tuple[float, float]:
    fitted = fit(chunks, history)
    assert fitted is not None
    return fitted.fixed_seconds, fitted.item_seconds


def test_without_a_chunk_and_without_a_history_nothing_is_known() -> None:
    assert fit([], None) is None


def test_without_a_chunk_the_history_is_what_is_known() -> None:
    fitted = fit([], HISTORY)

    assert fitted is not None
    assert (fitted.fixed_seconds, fitted.item_seconds) == (40.0, 4.0)
    assert (fitted.ended, fitted.largest, fitted.chunks) == (0, 0, ())


def test_one_chunk_tells_both_costs() -> None:
    assert costs([chunk(10)]) == pytest.approx((30.0, 2.0))


def test_the_first_item_counts_as_fixed_cost_as_far_as_it_takes_longer() -> None:
    lazily_loaded = ObservedChunk(10, 10 + 50 + 9 * 2.0, 9 * 2.0)

    assert costs([lazily_loaded]) == pytest.approx((58.0, 2.0))


def test_a_large_chunk_tells_more_of_an_item_than_a_small_one() -> None:
    assert costs([chunk(2, item=9.0), chunk(101, item=2.0)])[1] < 2.1


def test_a_late_chunk_weighs_more_than_an_early_one() -> None:
    early = [chunk(11, item=2.0)] * 20

    later = costs([*early, *[chunk(11, item=2.4)] * 20])[1]

    assert later == pytest.approx(2.0 + 0.4 * 2 / 3, abs=0.01)


def test_one_monster_does_not_rule() -> None:
    assert costs([*[chunk(11)] * 4, chunk(11, item=1000.0)])[1] < 4.0


def test_the_fixed_cost_is_never_below_nothing() -> None:
    assert costs([ObservedChunk(10, 5.0, 9.0)])[0] == 0.0


def test_items_that_take_no_time_leave_a_cost_above_nothing() -> None:
    fixed, item = costs([ObservedChunk(10, 30.0, 0.0)])

    assert fixed == pytest.approx(30.0)
    assert 0 < item < 1e-5


@pytest.mark.parametrize(
    ("chunks", "fixed"),
    [
        pytest.param([chunk(10, fixed=90, cold=True)], 90.0, id="cold alone: it is all there is"),
        pytest.param(
            [*[chunk(10, fixed=90, cold=True)] * 4, chunk(10)], 30.0, id="a warm one: it alone"
        ),
    ],
)
def test_cold_chunks_tell_the_fixed_cost_until_a_warm_one_does(
    chunks: list[ObservedChunk], fixed: float
) -> None:
    assert costs(chunks)[0] == pytest.approx(fixed)


def test_with_a_history_cold_chunks_tell_nothing_of_the_fixed_cost() -> None:
    assert costs([chunk(10, fixed=90, cold=True)] * 4, HISTORY)[0] == 40.0


def test_the_fixed_cost_comes_from_the_last_twenty() -> None:
    before = [chunk(11, fixed=300.0)] * 30

    assert costs([*before, *[chunk(11)] * 20])[0] == pytest.approx(30.0)


def test_a_history_is_worth_ten_items() -> None:
    assert costs([chunk(11)], HISTORY)[1] == pytest.approx(3.0)


def test_a_history_that_is_far_off_does_not_rule() -> None:
    assert costs([chunk(11)], History(40.0, 4000.0))[1] == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("history", "share"),
    [
        pytest.param(None, 0.5, id="no history: halves"),
        pytest.param(History(30.0, 10.0), 0.75, id="as the history has it"),
    ],
)
def test_chunks_of_one_item_do_not_tell_one_cost_from_the_other(
    history: History | None, share: float
) -> None:
    fixed, item = costs([ObservedChunk(1, 40.0, 0.0)] * 3, history)

    assert fixed + item == pytest.approx(40.0)
    assert fixed == pytest.approx(40.0 * share)


def test_without_item_times_chunks_that_are_alike_tell_a_cost_an_item_alone() -> None:
    assert costs([untimed(25)] * 5) == pytest.approx((0.0, 80.0 / 25))


def test_without_item_times_chunks_of_different_sizes_tell_both() -> None:
    assert costs([untimed(n) for n in (10, 20, 40, 80)]) == pytest.approx((30.0, 2.0))


def test_without_item_times_one_that_is_far_off_has_a_bounded_pull() -> None:
    chunks = [untimed(n) for n in (10, 20, 30, 40, 50, 60, 70, 80)]
    chunks[3] = untimed(40, fixed=2000.0)

    fixed, item = costs(chunks)

    # Plain least squares would have it at 400 s and none an item.
    assert fixed == pytest.approx(30.0, rel=0.2)
    assert item == pytest.approx(2.0, rel=0.15)


def test_without_item_times_no_cost_is_below_nothing() -> None:
    falling = [ObservedChunk(10, 100.0), ObservedChunk(100, 20.0)]

    fixed, item = costs(falling)

    assert fixed >= 0
    assert item > 0


def test_without_item_times_a_history_parts_the_costs_of_chunks_that_are_alike() -> None:
    fixed, item = costs([untimed(25)] * 3, History(30.0, 2.0))

    assert (fixed, item) == pytest.approx((30.0, 2.0))


@pytest.mark.parametrize(("times", "kept"), [(1.1, 26), (1.4, 6), (0.6, 6)])
def test_six_in_a_row_that_are_far_off_are_a_new_regime(times: float, kept: int) -> None:
    fitted = fit([*[chunk(11)] * 20, *[chunk(11, item=2.0 * times)] * 6], None)

    assert fitted is not None
    assert len(fitted.chunks) == kept
    assert (fitted.ended, fitted.largest) == (26, 11)
    if kept == 6:
        assert fitted.item_seconds == pytest.approx(2.0 * times)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(20, [3.0] * 5, id="five are too few"),
        pytest.param(7, [3.0] * 6, id="too few before them"),
        pytest.param(20, [3.0, 3.0, 1.9, 3.0, 3.0, 3.0], id="one of them on the other side"),
    ],
)
def test_anything_less_is_chance(before: int, after: list[float]) -> None:
    chunks = [*[chunk(11)] * before, *[chunk(11, item=item) for item in after]]
    fitted = fit(chunks, None)

    assert fitted is not None
    assert len(fitted.chunks) == len(chunks)


def test_chunks_of_one_item_are_no_sign_of_a_new_regime() -> None:
    chunks = [*[chunk(11)] * 20, *[ObservedChunk(1, 32.0, 0.0)] * 8]
    fitted = fit(chunks, None)

    assert fitted is not None
    assert len(fitted.chunks) == 28


def test_fifty_are_kept_and_the_largest_is_remembered() -> None:
    fitted = fit([chunk(500), *[chunk(11)] * 60], None)

    assert fitted is not None
    assert (len(fitted.chunks), fitted.ended, fitted.largest) == (50, 61, 500)


@pytest.mark.parametrize("times_known", [True, False])
def test_noise_averages_out(times_known: bool) -> None:
    rng = chance("noise")
    chunks = list[ObservedChunk]()
    for place in range(50):
        items, item = 20 + 3 * place, 2.0 * rng.lognormvariate(0, 0.1)
        fixed = 30.0 * rng.lognormvariate(0, 0.2)
        span = item * (items - 1) if times_known else None
        chunks.append(ObservedChunk(items, fixed + item * items, span))

    fixed, item = costs(chunks)

    assert item == pytest.approx(2.0, rel=0.1)
    assert fixed == pytest.approx(30.0, rel=0.3 if times_known else 1.0)
