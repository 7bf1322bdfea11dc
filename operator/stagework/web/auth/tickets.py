"""Tickets: what a person shows to this service for ten minutes after signing in.

They are kept in memory, by their digests: a restart ends them all, and who had one signs in anew.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

from stagework.web.auth.cache import ExpiringCache
from stagework.web.user import User

TICKET_SECONDS: Final = 600.0
"""Life of a ticket."""
TICKET_MARK: Final = "stagework-ticket-"
"""Every ticket begins so, and no token of the cluster does."""
_RANDOM_BYTES: Final = 32


class Tickets:
    """Gives tickets, and knows whose they are."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given: ExpiringCache[tuple[User, float]] = ExpiringCache(clock)

    def give(self, user: User) -> str:
        """A new ticket of that user."""
        ticket = TICKET_MARK + secrets.token_urlsafe(_RANDOM_BYTES)
        ends = self._clock() + TICKET_SECONDS
        self._given.put(_digest(ticket), (user, ends), TICKET_SECONDS)
        return ticket

    def owner(self, ticket: str) -> tuple[User, float] | None:
        """Whose it is, and for how many seconds more; None: no ticket, or its time is over."""
        known = self._given.get(_digest(ticket))
        return None if known is None else (known[0], known[1] - self._clock())


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "replace")).hexdigest()
