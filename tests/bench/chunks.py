"""What the sizing of chunks and the estimates of batches are worth, by simulation.

``python -m tests.bench chunks [--runs N] [--worlds N]``. Batches of known costs are played out with
fixed seeds, so that the same commit prints the same figures, and the product's own functions are
asked. Times: self-sized chunks against fixed sizes. Estimates: an honest p90 holds the true end in
nine of ten batches, an honest p50 in half.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from statistics import fmean, median
from typing import NamedTuple

from stagework.api.estimates import Eta
from stagework.policies.chunks.calibrate import calibrate
from stagework.policies.chunks.size import Chunking
from tests.bench.chunk_worlds import Asked
from tests.bench.chunk_worlds import said as worlds_said
from tests.bench.chunk_worlds import seconds as worlds_seconds
from tests.bench.machine import describe
from tests.bench.tables import table
from tests.support.played_batches import (
    HARD,
    LOGNORMAL,
    MARKS,
    PARETO,
    POISON,
    SHAPES,
    STEADY,
    Said,
    ratios,
)

SIZES = (1, 5, 10, 50, 200)
SLOTS = (1, 4, 16)
TIMED_ITEMS, ITEMS = 2000, 1000
PAST = 20
"""Like batches behind it, from which an estimate is corrected."""
UNDRIFTED = (*STEADY, LOGNORMAL, PARETO, POISON)

WITHIN, FIRST_WORST = 1.10, 1.35
P50_GOAL, P90_GOAL = (0.35, 0.65), (0.85, 0.97)


# --- times ----------------------------------------------------------------------------------------


class Timed(NamedTuple):
    """A row of the table of times, and what the goals are about."""

    cells: tuple[str, ...]
    first: float
    history: float


def timed(pool: ProcessPoolExecutor, runs: int) -> Iterator[Timed]:
    """A row for each shape and number of slots."""
    ways = [*((size, False) for size in SIZES), (Chunking(), False), (Chunking(), True)]
    for shape in SHAPES:
        for slots in SLOTS:
            seconds = list(
                pool.map(
                    worlds_seconds,
                    [
                        Asked(shape, slots, chunking, range(runs), TIMED_ITEMS, history)
                        for chunking, history in ways
                    ],
                )
            )
            fixed = dict(zip(SIZES, seconds, strict=False))
            size, best = min(fixed.items(), key=lambda pair: pair[1])
            first, again = (one / best for one in seconds[-2:])
            cells = [f"{fixed[size] / best:.2f}" for size in SIZES]
            row = (shape.name, f"{slots}", f"{size}", *cells, f"{first:.2f}", f"{again:.2f}")
            yield Timed(row, first, again)


def _times_summary(rows: Sequence[Timed]) -> list[str]:
    first, history = [row.first for row in rows], [row.history for row in rows]
    near = fmean(one <= WITHIN for one in first)
    return [
        (
            f"first time: mean {fmean(first):.2f}, worst {max(first):.2f} (goal {FIRST_WORST}), "
            f"{100 * near:.0f} % of the rows within {WITHIN:.2f} (goal 90 %)"
        ),
        f"history: mean {fmean(history):.2f}, worst {max(history):.2f} (goal {WITHIN:.2f})",
    ]


# --- estimates ------------------------------------------------------------------------------------


def _cell(said: Sequence[Said]) -> str:
    """Said in so many of the batches; end <= p50, end <= p90, median error of p50."""
    etas = [(one.eta, one.true_seconds) for one in said if isinstance(one.eta, Eta)]
    if not etas:
        return "none"
    p50 = fmean(true <= eta.p50_seconds for eta, true in etas)
    p90 = fmean(true <= eta.p90_seconds for eta, true in etas)
    off = median(abs(eta.p50_seconds / true - 1) for eta, true in etas)
    return f"{len(etas)}: {p50:.2f} / {p90:.2f}, {100 * off:.0f} %"


def _is_honest(said: Sequence[Said]) -> bool:
    etas = [(one.eta, one.true_seconds) for one in said if isinstance(one.eta, Eta)]
    p50 = fmean(true <= eta.p50_seconds for eta, true in etas)
    p90 = fmean(true <= eta.p90_seconds for eta, true in etas)
    return P50_GOAL[0] <= p50 <= P50_GOAL[1] and P90_GOAL[0] <= p90 <= P90_GOAL[1]


def covered(
    pool: ProcessPoolExecutor, worlds: int, chunking: int | Chunking, *, history: bool
) -> Iterator[tuple[str, ...]]:
    """A row for each shape without drift, and one for all of them."""
    every = list[Said]()
    a_slot = worlds // len(SLOTS)
    asked = [
        Asked(shape, slots, chunking, runs, ITEMS, history, MARKS)
        for shape in UNDRIFTED
        for slots in SLOTS
        for runs in (range(a_slot // 2), range(a_slot // 2, a_slot))
    ]
    parts = list(zip(asked, pool.map(worlds_said, asked), strict=True))
    for shape in UNDRIFTED:
        said = [
            one for part, batches in parts if part.shape is shape for row in batches for one in row
        ]
        every += said
        yield (shape.name, *(_cell([one for one in said if one.mark == mark]) for mark in MARKS))
    at_marks = [[one for one in every if one.mark == mark] for mark in MARKS]
    yield ("all of them", *map(_cell, at_marks))
    goals = ["met" if _is_honest(said) else "missed" for said in at_marks]
    yield ("goal", "", *goals[1:])


def mended(pool: ProcessPoolExecutor, worlds: int) -> Iterator[tuple[str, ...]]:
    """A row for each shape with a heavy tail or drift: raw, and with like batches behind it."""
    asked = [
        Asked(shape, 4, Chunking(), range(part, worlds, 2), ITEMS, marks=MARKS)
        for shape in HARD
        for part in (0, 1)
    ]
    said = list(pool.map(worlds_said, asked))
    for place, shape in enumerate(HARD):
        batches = [*said[2 * place], *said[2 * place + 1]]
        for mark in MARKS[1:]:
            row = [one for batch in batches for one in batch if one.mark == mark]
            later = [
                replace(one, eta=calibrate(one.eta, list(ratios(row[at - PAST : at], mark))))
                for at, one in enumerate(row)
                if at >= PAST and isinstance(one.eta, Eta)
            ]
            honest = "met" if later and _is_honest(later) else "missed"
            yield (shape.name, f"{100 * mark:.0f} %", _cell(row), _cell(later), honest)


def main() -> None:
    """Play, print."""
    parser = argparse.ArgumentParser(prog="bench chunks", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="batches a cell of the times")
    parser.add_argument("--worlds", type=int, default=300, help="batches a shape of the estimates")
    asked = parser.parse_args()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        _print(pool, asked.runs, asked.worlds)


def _print(pool: ProcessPoolExecutor, runs: int, worlds: int) -> None:
    """Each part as soon as it is there: together they take a while."""
    settings = (
        f"settings: target 300 s, 1 to 1000 items; {runs} batches of {TIMED_ITEMS} items a cell, "
        f"estimates of {worlds} batches of {ITEMS} items a shape; fixed seeds"
    )
    _write(*describe(), settings)
    rows = list(timed(pool, runs))
    sizes = [f"n = {size}" for size in SIZES]
    head = ("shape", "slots", "best n", *sizes, "first time", "history")
    _write(
        "time of all, over that of the best of the fixed sizes (shape: seconds a chunk, an item)",
        table(head, [row.cells for row in rows]),
        *_times_summary(rows),
    )
    marks = [f"at {100 * mark:.0f} %" for mark in MARKS]
    cell = "batches in which it was said: end <= p50 / end <= p90, median error of p50"
    for name, chunking, history in (
        ("chunks of 10", 10, False),
        ("self-sized chunks", Chunking(), False),
        ("self-sized chunks, with a history", Chunking(), True),
    ):
        found = list(covered(pool, worlds, chunking, history=history))
        _write(
            f"when has it ended? {name}, on 1, 4 and 16 slots; {cell}",
            table(("shape", *marks), found),
        )
    late = list(mended(pool, worlds))
    _write(
        f"heavy tails and drift, self-sized chunks on 4 slots; {cell}",
        table(("shape", "at", "alone", f"with {PAST} behind it", "goal"), late),
    )


def _write(*lines: str) -> None:
    sys.stdout.write("\n".join((*lines, "", "")))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
