"""How many listen to live topics, and who."""

from collections import Counter
from http import HTTPStatus
from typing import Final

from stagework.web.errors import ProblemError

LISTENERS_MAX: Final = 256
"""So many listen at once."""
_SHARE: Final = 3
"""One of so many parts of all connections is theirs at most."""
LISTENERS_OF_ONE_MAX: Final = 16
"""So many of these are one user's."""


class Listeners:
    """Counts them, up to a limit in all and one for everybody."""

    def __init__(self, most: int = LISTENERS_MAX, most_of_one: int = LISTENERS_OF_ONE_MAX) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._of: Counter[str] = Counter()

    @classmethod
    def within(cls, connections: int) -> "Listeners":
        """For a service that has so many connections: what else is asked of it has its own."""
        return cls(min(LISTENERS_MAX, connections // _SHARE))

    @property
    def number(self) -> int:
        """All that listen now."""
        return self._of.total()

    def enter(self, name: str) -> None:
        """Count one more of theirs; raises ProblemError (429 or 503) where there is no room."""
        if self._of[name] >= self._most_of_one:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"you listen to {self._most_of_one} topics, no more is possible at once",
                "close one of your connections, or ask once in a while",
            )
        if self.number >= self._most:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._most} listen already, this service has room for no more",
                "come again later, or ask once in a while",
                {"Retry-After": "30"},
            )
        self._of[name] += 1

    def leave(self, name: str) -> None:
        """One of theirs has gone."""
        self._of[name] -= 1
        if not self._of[name]:
            del self._of[name]
