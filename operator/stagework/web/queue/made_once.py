"""What is made of readings: once for all who ask for the same, however many ask meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
MadeT = TypeVar("MadeT")


@dataclass(frozen=True, slots=True)
class _Making(Generic[MadeT]):
    seq: int
    """Of the reading."""
    began: float
    task: asyncio.Task[MadeT]

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)


class MadeOnce(Generic[KeyT, MadeT]):
    """Keeps the last of each key, `most` of them; of a key one at a time is made."""

    def __init__(self, most: int, clock: Callable[[], float], rest_seconds: float = 0.0) -> None:
        """`rest_seconds`: for so long no newer one is begun."""
        self._most = most
        self._clock = clock
        self._rest_seconds = rest_seconds
        self._known: dict[KeyT, _Making[MadeT]] = {}

    async def get(
        self, key: KeyT, seq: int, make: Callable[[], Coroutine[Any, Any, MadeT]]
    ) -> MadeT:
        """Of this reading or a later one, or one that rests yet; raises what `make` raises."""
        known = self._known.get(key)
        while known is not None and known.seq < seq and not known.task.done():
            await asyncio.wait({known.task})
            known = self._known.get(key)
        if known is None or self._is_over(known, seq):
            known = self._begin(key, seq, make)
        # Who leaves meanwhile leaves it to the others.
        return await asyncio.shield(known.task)

    def _is_over(self, known: _Making[MadeT], seq: int) -> bool:
        rests = self._clock() < known.began + self._rest_seconds
        return known.failed or (known.seq < seq and not rests)

    def _begin(
        self, key: KeyT, seq: int, make: Callable[[], Coroutine[Any, Any, MadeT]]
    ) -> _Making[MadeT]:
        self._known.pop(key, None)
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        begun = _Making(seq, self._clock(), asyncio.create_task(make()))
        self._known[key] = begun
        return begun
