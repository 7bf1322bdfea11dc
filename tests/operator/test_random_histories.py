"""Two thousand random histories of small worlds, all at once by seed: each comes to a good end.

People, machines, quotas, refusals, crashes, strangers and clocks that jump, for some minutes; then
everything works again. No slot is left taken, no Intervention unanswered; never have two processes
of a stage run at once (no stage can be declared to bear that); nothing is decided without end; and
every run has ended.

A minute of them, or so many as `STAGEWORK_HISTORIES` says; `STAGEWORK_HISTORY_SEED=17` plays that
one alone, and `STAGEWORK_HISTORY_SEED=17 STAGEWORK_HISTORIES=100` a hundred from there on.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import Final

import pytest

from tests.support.histories.history import play

FIRST: Final = "STAGEWORK_HISTORY_SEED"
NUMBER: Final = "STAGEWORK_HISTORIES"
LANES: Final = 4
"""Seeds are dealt out to so many tests, so that they are played side by side."""
SECONDS: Final = 60.0
"""So long are they played in all, where no number is given."""
RELEASE: Final = 2000
"""So many before a release."""


def _seeds(lane: int) -> Iterator[int]:
    """Those of a lane: some, one, or all that there is time for."""
    first, number = os.environ.get(FIRST), os.environ.get(NUMBER)
    if first is None and number is None:
        return _while_there_is_time(count(lane, LANES))
    begin = int(first or 0)
    return iter(range(begin + lane, begin + int(number or 1), LANES))


def _while_there_is_time(seeds: Iterator[int]) -> Iterator[int]:
    end = time.monotonic() + SECONDS / LANES
    for seed in seeds:
        yield seed
        if time.monotonic() > end:
            return


def _play(seeds: Iterable[int]) -> None:
    tried: list[int] = []
    wrong: list[str] = []
    for seed in seeds:
        tried.append(seed)
        outcome = play(seed)
        if outcome.wrong:
            again = f"{FIRST}={seed} python -m pytest {os.path.relpath(__file__)}"
            wrong.append(f"{outcome}\nagain: {again}")
    seeds_tried = f"{len(tried)} histories were played, seeds {tried[:1]} to {tried[-1:]}"
    sys.stderr.write(f"{seeds_tried}, {len(wrong)} went wrong\n")
    assert not wrong, "\n\n".join([seeds_tried, *wrong])


@pytest.mark.parametrize("lane", range(LANES))
def test_every_history_comes_to_a_good_end(lane: int) -> None:
    _play(_seeds(lane))


@pytest.mark.long("test_every_history_comes_to_a_good_end plays a minute of them")
def test_two_thousand_histories_come_to_a_good_end() -> None:
    _play(islice(count(), RELEASE))
