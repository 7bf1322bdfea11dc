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


def _no_note(_seed: int) -> None:
    """Nothing is kept."""


class Played:
    """Seeds that came to a good end on this content of the tree, one a line of a file."""

    def __init__(self, folder: str | None) -> None:
        """`folder`: None: nothing is kept."""
        self._file = Path(folder, "histories") if folder else None

    def left(self, seeds: Iterable[int]) -> list[int]:
        """Those of them that are not among these yet."""
        if self._file is None or not self._file.exists():
            return list(seeds)
        played = {*map(int, self._file.read_text().split())}
        return [seed for seed in seeds if seed not in played]

    def note(self, seed: int) -> None:
        """One more is."""
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(f"{seed}\n")


def _play(seeds: Iterable[int], note: Callable[[int], None] = _no_note) -> None:
    tried: list[int] = []
    wrong: list[str] = []
    for seed in seeds:
        tried.append(seed)
        outcome = play(seed)
        if outcome.wrong:
            again = f"{FIRST}={seed} python -m pytest {os.path.relpath(__file__)}"
            wrong.append(f"{outcome}\nagain: {again}")
        else:
            note(seed)
    seeds_tried = f"{len(tried)} histories were played, seeds {tried[:1]} to {tried[-1:]}"
    sys.stderr.write(f"{seeds_tried}, {len(wrong)} went wrong\n")
    assert not wrong, "\n\n".join([seeds_tried, *wrong])


@pytest.mark.parametrize("lane", range(LANES))
def test_every_history_comes_to_a_good_end(lane: int) -> None:
    _play(_seeds(lane))


@pytest.mark.long("test_every_history_comes_to_a_good_end plays a minute of them")
def test_two_thousand_histories_come_to_a_good_end() -> None:
    played = Played(os.environ.get(PROGRESS))
    _play(played.left(range(RELEASE)), played.note)


def test_what_was_played_before_a_story_was_broken_off_is_not_played_again(tmp_path: Path) -> None:
    folder = str(tmp_path / "content")
    for seed in (0, 2):
        Played(folder).note(seed)

    assert Played(folder).left(range(4)) == [1, 3]
    assert Played(None).left(range(2)) == [0, 1]
