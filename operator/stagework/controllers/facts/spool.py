"""Facts that the API service has not taken yet: one a row, joined as they come; bounded.

Facts about one row become one, so that a stage which starts and ends while nothing can be posted
costs one place. Where there is no place left the oldest goes.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence

from stagework.api.facts import AnyFact, Key
from stagework.policies.fact_merging import merged


class Spool:
    """For one loop: what is taken is on its way until it is acknowledged or comes back."""

    def __init__(self, limit: int, on_dropped: Callable[[], None]) -> None:
        """`limit`: so many rows; `on_dropped`: one had to go."""
        self._limit = limit
        self._on_dropped = on_dropped
        self._waiting: OrderedDict[Key, AnyFact] = OrderedDict()
        self._on_way: tuple[AnyFact, ...] = ()
        self._of_run: Counter[str] = Counter()
        self._filled = asyncio.Event()
        self.overflowed = asyncio.Event()
        """Something had to go; whoever makes it good again clears it."""

    def __len__(self) -> int:
        """Rows that are not acknowledged."""
        return len(self._waiting) + len(self._on_way)

    def add(self, facts: Iterable[AnyFact]) -> None:
        """Keep these; costs no more than to write them down."""
        for fact in facts:
            known = self._waiting.get(fact.key)
            if known is None:
                self._waiting[fact.key] = fact
                self._of_run[fact.run_uid] += 1
            else:
                self._waiting[fact.key] = merged(known, fact)
        self._bound()
        self._filled.set()

    def take(self, count: int) -> tuple[AnyFact, ...]:
        """The oldest, at most so many; they are on their way now, and nothing else may be."""
        taken = min(count, len(self._waiting))
        self._on_way = tuple(self._waiting.popitem(last=False)[1] for _ in range(taken))
        if not self._waiting:
            self._filled.clear()
        return self._on_way

    def acknowledge(self) -> None:
        """What was on its way is kept by the service, or never will be."""
        self._release(self._on_way)
        self._on_way = ()

    def give_back(self) -> None:
        """It was not taken: it stands first again, joined with what has come since."""
        for fact in reversed(self._on_way):
            newer = self._waiting.pop(fact.key, None)
            self._waiting[fact.key] = fact if newer is None else merged(fact, newer)
            self._waiting.move_to_end(fact.key, last=False)
            if newer is not None:
                self._release((fact,))
        self._on_way = ()
        self._bound()
        if self._waiting:
            self._filled.set()

    def holds(self, run_uid: str) -> bool:
        """Whether something of that run is not acknowledged yet."""
        return self._of_run[run_uid] > 0

    async def filled(self) -> None:
        """There is something to be taken."""
        await self._filled.wait()

    def _bound(self) -> None:
        while len(self._waiting) > self._limit:
            _, dropped = self._waiting.popitem(last=False)
            self._release((dropped,))
            self._on_dropped()
            self.overflowed.set()

    def _release(self, facts: Sequence[AnyFact]) -> None:
        for fact in facts:
            self._of_run[fact.run_uid] -= 1
            if self._of_run[fact.run_uid] <= 0:
                del self._of_run[fact.run_uid]
