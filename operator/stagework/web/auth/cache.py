"""Answers that hold for a while, so that not every request asks the API server again."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

ENTRIES_MAX: Final = 10_000
"""More answers than this are not kept; the oldest go first."""

V = TypeVar("V")


class ExpiringCache(Generic[V]):
    """Keeps values for a while, at most `ENTRIES_MAX` of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, V]] = {}

    def get(self, key: str) -> V | None:
        """The value, unless its time is over."""
        expires, value = self._entries.get(key, (0.0, None))
        return value if value is not None and self._clock() < expires else None

    def put(self, key: str, value: V, seconds: float) -> None:
        """Keep a value; the oldest entries go first when there are too many."""
        self._entries.pop(key, None)
        while len(self._entries) >= ENTRIES_MAX:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (self._clock() + seconds, value)
