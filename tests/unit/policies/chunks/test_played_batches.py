"""Whole batches played out: sizing against the best fixed size, and estimates against the truth.

Few runs with fixed seeds, so that a change of the rules that spoils them is seen within seconds;
`python -m tests.bench chunks` plays many.
"""

from collections.abc import Iterable
from statistics import fmean, quantiles

import pytest

from stagework.api.estimates import Eta
from stagework.policies.chunks.calibrate import calibrate
from stagework.policies.chunks.size import Chunking
from tests.support.played_batches import (
    LIGHT,
    LOGNORMAL,
    MARKS,
    MODEL,
    PARETO,
    POISON,
    SLOW,
    SLOWS,
    STEADY,
    Said,
    Shape,
    known,
    play,
    ratios,
)

SLOTS = (1, 4, 16)
FIXED = (5, 10, 50, 200)
SORTED = next(shape for shape in STEADY if shape.order == "sorted")


def mean_seconds(shape: Shape, slots: int, chunking: int | Chunking, *, history: bool) -> float:
    return fmean(
        play(
            shape, 2000, slots, chunking, seed, history=known(shape, seed) if history else None
        ).seconds
        for seed in range(3)
    )


@pytest.mark.parametrize("slots", SLOTS)
@pytest.mark.parametrize("shape", [LIGHT, MODEL, SLOW], ids=lambda shape: shape.name)
def test_chunks_that_size_themselves_keep_up_with_the_best_fixed_size(
    shape: Shape, slots: int
) -> None:
    best = min(mean_seconds(shape, slots, size, history=False) for size in FIXED)

    assert mean_seconds(shape, slots, Chunking(), history=True) <= 1.10 * best
    assert mean_seconds(shape, slots, Chunking(), history=False) <= 1.35 * best


@pytest.mark.parametrize("slots", SLOTS)
def test_a_target_below_the_fixed_cost_is_not_ruinous(slots: int) -> None:
    heavy = Shape("heavy", 120, 0.5)
    best = min(mean_seconds(heavy, slots, size, history=False) for size in FIXED)

    short = mean_seconds(heavy, slots, Chunking(target_seconds=60), history=True)

    assert short <= 1.10 * best


def test_chunks_last_about_the_target() -> None:
    shape = Shape("plain", 10, 2)
    played = play(shape, 5000, 4, Chunking(), 1)
    tenths = quantiles([seconds for _, seconds in played.chunks[4 : len(played.chunks) // 2]], n=10)

    assert 210 < tenths[0] < tenths[8] < 435


def test_the_same_seed_plays_the_same_batch() -> None:
    first = play(MODEL, 500, 4, Chunking(), 1, marks=MARKS)

    assert play(MODEL, 500, 4, Chunking(), 1, marks=MARKS) == first
    assert play(MODEL, 500, 4, Chunking(), 2, marks=MARKS) != first


@pytest.mark.parametrize("chunking", [1, 10, 200, Chunking()], ids=str)
def test_bad_items_are_found_and_no_others_are_lost(chunking: int | Chunking) -> None:
    bad = Shape("bad items", 15, 2, bad_items=0.01)
    played = play(bad, 1000, 4, chunking, 1)
    alone = play(bad, 1000, 4, 1, 1)

    assert len(played.failed) > 3
    assert sorted(played.failed) == sorted(alone.failed)


def test_every_item_is_done_once() -> None:
    played = play(LOGNORMAL, 1000, 7, Chunking(), 1)

    assert sum(items for items, _ in played.chunks) == 1000


def shares(said: Iterable[Said]) -> tuple[float, float]:
    """Of what was said from the 25 % mark on: true end at or before p50, p90."""
    known_ends = [(one.eta, one.true_seconds) for one in said if isinstance(one.eta, Eta)]
    assert len(known_ends) > 20
    return (
        fmean(true <= eta.p50_seconds for eta, true in known_ends),
        fmean(true <= eta.p90_seconds for eta, true in known_ends),
    )


def said_of(shapes: Iterable[Shape], chunking: int | Chunking, runs: int) -> list[Said]:
    return [
        said
        for shape in shapes
        for slots in SLOTS
        for run in range(runs)
        for said in play(shape, 1000, slots, chunking, f"{run} {slots}", marks=MARKS[1:]).said
    ]


@pytest.mark.parametrize("chunking", [20, Chunking()], ids=["fixed", "self-sized"])
def test_the_range_holds_the_true_end_as_often_as_it_says(chunking: int | Chunking) -> None:
    below_p50, below_p90 = shares(said_of([*STEADY, LOGNORMAL, PARETO, POISON], chunking, 1))

    assert 0.35 <= below_p50 <= 0.65
    assert 0.85 <= below_p90 <= 0.98  # a hundred marks are some two in a hundred sure


@pytest.mark.parametrize("shape", [PARETO, SLOWS], ids=lambda shape: shape.name)
def test_twenty_like_batches_mend_what_one_cannot_know(shape: Shape) -> None:
    said = [play(shape, 1000, 4, Chunking(), run, marks=(0.5,)).said[0] for run in range(90)]
    mended = [
        Said(one.mark, calibrate(one.eta, list(ratios(said[:place], 0.5))), one.true_seconds)
        for place, one in enumerate(said)
        if place >= 20 and isinstance(one.eta, Eta)
    ]

    below_p50, below_p90 = shares(mended)

    assert 0.35 <= below_p50 <= 0.65
    assert 0.85 <= below_p90 <= 0.97


def test_a_stride_saves_the_estimate_of_a_sorted_list() -> None:
    listed = Shape("as listed", 15, 2, order="listed")

    assert shares(said_of([SORTED], 20, 3))[1] > 0.9
    assert shares(said_of([listed], 20, 3))[1] < 0.5
