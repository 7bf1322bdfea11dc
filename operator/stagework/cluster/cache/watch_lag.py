"""How long a watch has owed us a change that we know of from elsewhere.

Our own writes and the resyncs are the canary: what they show must come back through the watch too.
"""

from collections.abc import Callable

from stagework.cluster.cache.store import is_newer, is_older


class WatchLag:
    """One debt at a time is enough; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._brought = ""
        self._awaited: tuple[str, float] | None = None

    def seconds(self) -> float:
        """How long a known version has not been brought; 0: none is owed.

        While the API server cannot be reached nothing new is owed.
        """
        return self._clock() - self._awaited[1] if self._awaited is not None else 0.0

    def owe(self, version: str) -> None:
        """The watch must bring this version, or a newer one."""
        if self._awaited is None and (not self._brought or is_newer(version, self._brought)):
            self._awaited = (version, self._clock())

    def brought(self, version: str) -> None:
        """The watch has brought this version."""
        self._brought = version
        if self._awaited is not None and not is_older(version, self._awaited[0]):
            self._awaited = None
