"""Worlds that were played, kept as lines of a file, and what happened in all of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import orjson

from tests.bench.tables import table
from tests.support.histories.history import Outcome

_outcome = msgspec.json.Decoder(Outcome)


class Played:
    """Those of one file, by seed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def left(self, seeds: Sequence[int]) -> list[int]:
        """Those of them that are not among these yet."""
        known = {world.seed for world in self._all()}
        return [seed for seed in seeds if seed not in known]

    def of(self, seeds: Sequence[int]) -> list[Outcome]:
        """How those of them went that were played."""
        return [world for world in self._all() if world.seed in seeds]

    def note(self, world: Outcome) -> None:
        """One more was; what happened in it is kept where something went wrong."""
        kept = {**vars(world), "story": world.story if world.wrong else []}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as file:
            file.write(orjson.dumps(kept) + b"\n")

    def _all(self) -> Iterator[Outcome]:
        if not self._file.exists():
            return
        for line in self._file.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):  # it was broken off while it was written
                yield _outcome.decode(line)


def summary(worlds: Sequence[Outcome]) -> list[str]:
    """Tables of what happened to them and what was done, and all that went wrong."""
    wrong = [world for world in worlds if world.wrong]
    hours = sum(world.seconds for world in worlds) / 3600
    head = f"{len(worlds)} worlds, {hours:.1f} hours of their own time, {len(wrong)} went wrong"
    parts = [head, "", _counts("what happened to them", (world.deeds for world in worlds))]
    parts += ["", _counts("what operators and people wrote", (world.writes for world in worlds))]
    for world in wrong:
        parts += ["", str(world), f"again: make worlds FIRST={world.seed} WORLDS=1"]
    return parts


def _counts(what: str, counts: Iterable[Mapping[str, int]]) -> str:
    every = Counter[str]()
    for one in counts:
        every.update(one)
    rows = [(name, str(number)) for name, number in every.most_common()]
    return table((what, "times"), [*rows, ("all", str(every.total()))])
