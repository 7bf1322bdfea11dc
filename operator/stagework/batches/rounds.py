"""Which item stands at which position of a round? The first round by the stride, later ones by
their files, which are written once.
"""

from array import array
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from stagework.api.batch_book import MAX_RANGE
from stagework.artifacts.store import Store
from stagework.batches import small_files
from stagework.batches.errors import BadRange
from stagework.batches.layout import BatchFolder
from stagework.policies.chunks.stride import stride

_ROUND_BYTES: Final = 16 * 1024 * 1024
_KEPT: Final = 16
"""So many later rounds are held in memory; one of a million items takes 4 MB."""


class _Stored(msgspec.Struct):
    numbers: list[int]
    request: str = ""
    at_rest: bool = False


@dataclass(frozen=True)
class Round:
    """A later round."""

    numbers: "array[int]"
    request: str
    """Who asked for it."""
    at_rest: bool
    """Nothing ran or waited when it was made: no round before it goes on."""


class Rounds:
    """Read from the store, and remembered for a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, Round] = OrderedDict()

    async def numbers(
        self, folder: BatchFolder, total: int, round_number: int, start: int, end: int
    ) -> list[int]:
        """Of the items from `start` to before `end`, as many as there are; raises BadRange."""
        if end - start > MAX_RANGE:
            raise BadRange(f"{end - start} positions at once are more than {MAX_RANGE}")
        frozen = await self.frozen(folder, round_number) if round_number else None
        if round_number and frozen is None:
            raise BadRange(f"the batch has no round {round_number}")
        if not 0 <= start < end:
            raise BadRange(f"there are no positions from {start} to before {end}")
        if frozen is not None:
            return list(frozen.numbers[start:end])
        step = stride(total)
        return [position * step % total for position in range(start, min(end, total))]

    async def frozen(self, folder: BatchFolder, round_number: int) -> Round | None:
        """A later round; None: there is no such."""
        key = folder.round(round_number)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known
        raw = await small_files.read(self._store, key, _ROUND_BYTES)
        if raw is None:
            return None
        return self._keep(key, msgspec.json.decode(raw, type=_Stored))

    async def freeze(
        self,
        folder: BatchFolder,
        round_number: int,
        numbers: Sequence[int],
        *,
        request: str,
        at_rest: bool,
    ) -> None:
        """Write it; what another request has chosen for this round is replaced."""
        key, stored = folder.round(round_number), _Stored(list(numbers), request, at_rest)
        await small_files.write(self._store, key, msgspec.json.encode(stored))
        self._keep(key, stored)

    async def before(
        self, folder: BatchFolder, round_number: int
    ) -> AsyncIterator[tuple[int, Round]]:
        """Earlier rounds that may still go on, the last one first; the first round apart."""
        for number in range(round_number - 1, 0, -1):
            found = await self.frozen(folder, number)
            if found is not None:
                yield number, found
                if found.at_rest:
                    return

    def _keep(self, key: str, stored: _Stored) -> Round:
        kept = Round(array("I", stored.numbers), stored.request, stored.at_rest)
        self._kept[key] = kept
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept
