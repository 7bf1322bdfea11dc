"""How often the API server is asked about tokens that are not known, for one address.

Good tokens cost nothing: what was taken for one is given back. So an address that sends bad ones
stops costing the API server anything after `BURST` of them, and one that sends good ones is never
held up. Everybody's reviews together are at most `AT_ONCE`; the next ones wait.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from stagework.web.errors import ProblemError

BURST: Final = 30
"""So many bad tokens of one address are reviewed at once."""
PER_SECOND: Final = 0.5
"""So many more each second."""
AT_ONCE: Final = 16
"""So many reviews are under way at the same time, whoever they are for."""
ADDRESSES_MAX: Final = 10_000
"""More addresses than this are not remembered; those that were longest not heard of go first."""


class ReviewBudget:
    """What every address may still ask for; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self.turns = asyncio.Semaphore(AT_ONCE)
        """Held while a review is under way."""

    def take(self, address: str) -> None:
        """One review of a token that may be bad; raises ProblemError (429)."""
        left = self._now_left(address)
        if left < 1:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many tokens that the cluster does not accept came from your address",
                "send a token that is good for this service",
                {"Retry-After": str(round(1 / PER_SECOND))},
            )
        self._keep(address, left - 1)

    def give_back(self, address: str) -> None:
        """The token was good."""
        self._keep(address, self._now_left(address) + 1)

    def _now_left(self, address: str) -> float:
        left, at = self._left.get(address, (float(BURST), self._clock()))
        return min(BURST, left + (self._clock() - at) * PER_SECOND)

    def _keep(self, address: str, left: float) -> None:
        self._left.pop(address, None)
        if left >= BURST:
            return  # as one that was never heard of
        while len(self._left) >= ADDRESSES_MAX:
            del self._left[next(iter(self._left))]
        self._left[address] = (left, self._clock())
