"""A world that counts how often each key is reconciled, and ends where that knows no end."""

from collections import Counter, deque
from typing import Any, Final

from stagework.controllers.controller import Key
from tests.support.operators.inprocess import Operator
from tests.support.operators.world import World

WINDOW_SECONDS: Final = 10.0
MOST: Final = 300
"""Reconciles of one key within the window: more than that has no end."""


class EndlessError(Exception):
    """The operator decides about the same thing again and again."""


class WatchedWorld(World):
    """Its operators are watched while they decide."""

    def __init__(self, timescale: Any, **how: Any) -> None:
        super().__init__(timescale, **how)
        self.reconciles: Counter[Key] = Counter()
        """Since they were counted last."""
        self.busiest = 0
        """Most reconciles of one key within the window."""
        self._recent: dict[Key, deque[float]] = {}

    def start_operator(self, **differences: Any) -> Operator:
        """One more, watched."""
        made = super().start_operator(**differences)
        queue = made.runtime.queue
        get = queue.get

        async def counted() -> Key:
            key = await get()
            self._note(key)
            return key

        queue.get = counted
        return made

    def _note(self, key: Key) -> None:
        self.reconciles[key] += 1
        recent, now = self._recent.setdefault(key, deque()), self.timescale.monotonic()
        recent.append(now)
        while recent[0] < now - WINDOW_SECONDS:
            recent.popleft()
        self.busiest = max(self.busiest, len(recent))
        if len(recent) > MOST:
            raise EndlessError(f"{key} was decided about {len(recent)} times in {WINDOW_SECONDS} s")
