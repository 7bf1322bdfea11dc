"""When does a key come round again? Dates and back-off, with no clock or loop of its own."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

DOUBLINGS: Final = 20
"""A pause is doubled so often at most; the longest pause is reached long before."""

LIVE_PART: Final = 2
"""The heap is cleared of dead dates when it holds so many times what has a date."""


class Agenda(Generic[K]):
    """One date a key, the earliest that anybody has asked for; times in seconds of any clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._dates: dict[K, float] = {}
        self._count = 0
        self._failures: dict[K, int] = {}

    def put(self, key: K, date: float) -> bool:
        """Bring the key round at that time; an earlier date stands. True: it comes first of all."""
        if self._dates.get(key, float("inf")) <= date:
            return False
        self._dates[key] = date
        self._count += 1
        heapq.heappush(self._heap, (date, self._count, key))
        first = self._heap[0][1] == self._count
        self._drop_dead()
        return first

    def take_due(self, now: float) -> Iterator[K]:
        """Keys whose time has come, earliest first; they have no date any more."""
        while self._heap and self._heap[0][0] <= now:
            date, _, key = heapq.heappop(self._heap)
            if self._dates.get(key) == date:  # else an earlier one has been served
                del self._dates[key]
                yield key
        self._drop_dead()

    def earliest(self) -> float | None:
        """When to take what is due, at the latest; None while nothing has a date."""
        return self._heap[0][0] if self._heap else None

    def pause_after_failure(self, key: K, first_seconds: float, longest_seconds: float) -> float:
        """Seconds until a key that failed comes round; doubles with each failure in a row."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        return min(longest_seconds, first_seconds * 2.0 ** min(failures - 1, DOUBLINGS))

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def forget(self, key: K) -> None:
        """Nothing is to come of a key: it has no date and no failures."""
        self._failures.pop(key, None)
        self._dates.pop(key, None)
        self._drop_dead()

    def _drop_dead(self) -> None:
        """Dates that an earlier one has replaced do not lie in the heap until they come."""
        if len(self._heap) > LIVE_PART * len(self._dates):
            dates = self._dates
            self._heap = [entry for entry in self._heap if dates.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)
