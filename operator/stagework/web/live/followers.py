"""How many follow live topics, and who."""

from http import HTTPStatus
from typing import Final

from stagework.policies.shares import Shares
from stagework.web.errors import ProblemError

FOLLOWERS_MAX: Final = 256
"""So many follow at once."""
_SHARE: Final = 3
"""One of so many parts of all connections is theirs at most."""
FOLLOWERS_OF_ONE_MAX: Final = 16
"""So many of these are one user's."""


class Followers:
    """Counts them, up to a limit in all and one for everybody."""

    def __init__(self, most: int = FOLLOWERS_MAX, most_of_one: int = FOLLOWERS_OF_ONE_MAX) -> None:
        self._shares = Shares(most, most_of_one)

    @classmethod
    def within(cls, connections: int) -> "Followers":
        """For a service that has so many connections: what else is asked of it has its own."""
        return cls(min(FOLLOWERS_MAX, connections // _SHARE))

    @property
    def number(self) -> int:
        """All that follow now."""
        return self._shares.taken

    def enter(self, name: str) -> None:
        """Count one more of theirs; raises ProblemError (429 or 503) where there is no room."""
        if self._shares.take(name):
            return
        if self._shares.of(name) >= self._shares.of_one:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"you listen to {self._shares.of_one} topics, no more is possible at once",
                "close one of your connections, or ask once in a while",
            )
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{self._shares.total} listen already, this service has room for no more",
            "come again later, or ask once in a while",
            {"Retry-After": "30"},
        )

    def leave(self, name: str) -> None:
        """One of theirs has gone."""
        self._shares.give_back(name)
