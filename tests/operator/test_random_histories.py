"""Two thousand random histories of small worlds, all at once by seed: each comes to a good end.

People, machines, quotas, refusals, crashes, strangers and clocks that jump, for some minutes; then
everything works again. No slot is left taken, no Intervention unanswered; never have two processes
of a stage run at once (no stage can be declared to bear that); nothing is decided without end; and
every run has ended.

A minute of them, or so many as `STAGEWORK_HISTORIES` says; `STAGEWORK_HISTORY_SEED=17` plays that
one alone, and `STAGEWORK_HISTORY_SEED=17 STAGEWORK_HISTORIES=100` a hundred from there on.
Before a release two thousand are played; broken off, that goes on with those not played yet.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from hack.release_tests.__main__ import PROGRESS
from tests.support.histories.history import Outcome, play
from tests.support.histories.played import Played, summary

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


def _no_note(_world: Outcome) -> None:
    """Nothing is kept."""


def _play(seeds: Iterable[int], note: Callable[[Outcome], None] = _no_note) -> None:
    tried: list[int] = []
    wrong: list[str] = []
    for seed in seeds:
        tried.append(seed)
        outcome = play(seed)
        if outcome.wrong:
            again = f"{FIRST}={seed} python -m pytest {os.path.relpath(__file__)}"
            wrong.append(f"{outcome}\nagain: {again}")
        else:
            note(outcome)
    seeds_tried = f"{len(tried)} histories were played, seeds {tried[:1]} to {tried[-1:]}"
    sys.stderr.write(f"{seeds_tried}, {len(wrong)} went wrong\n")
    assert not wrong, "\n\n".join([seeds_tried, *wrong])


@pytest.mark.parametrize("lane", range(LANES))
def test_every_history_comes_to_a_good_end(lane: int) -> None:
    _play(_seeds(lane))


@pytest.mark.long("test_every_history_comes_to_a_good_end plays a minute of them")
def test_two_thousand_histories_come_to_a_good_end() -> None:
    folder = os.environ.get(PROGRESS)
    if folder is None:
        _play(range(RELEASE))
        return
    played = Played(Path(folder, "histories.jsonl"))
    _play(played.left(range(RELEASE)), played.note)


def test_what_was_played_before_it_was_broken_off_is_not_played_again(tmp_path: Path) -> None:
    file = tmp_path / "content" / "worlds.jsonl"
    for seed in (0, 2):
        Played(file).note(Outcome(seed, seconds=60, deeds={"People: create": 2}))
    with file.open("ab") as written:
        written.write(b'{"seed":3,"wro')

    assert Played(file).left(range(4)) == [1, 3]
    assert [world.seed for world in Played(file).of(range(4))] == [0, 2]


def test_what_happened_in_all_of_them_is_a_table_and_what_went_wrong_a_story() -> None:
    good = Outcome(0, seconds=3600, deeds={"People: create": 2}, writes={"POST jobs": 5})
    bad = Outcome(1, ["r-1 has not ended"], ["0.0 s  somebody makes r-1"], 3600, good.deeds)

    lines = "\n".join(summary([good, bad]))

    assert "2 worlds, 2.0 hours of their own time, 1 went wrong" in lines
    assert "| People: create        | 4     |" in lines
    assert "| POST jobs                       | 5     |" in lines
    assert "r-1 has not ended" in lines
    assert "again: make worlds FIRST=1 WORLDS=1" in lines
