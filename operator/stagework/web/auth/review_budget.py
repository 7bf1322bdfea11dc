"""How often the API server is asked about proofs that are not known, for one address.

1. Good proofs cost nothing: what was taken for one is given back.
2. An address that has sent `BURST` bad ones is slowed: its next proofs wait, `WAIT_SECONDS` at
   most. None is refused unseen, for many may share an address, and a good one may be among them.
3. All reviews together are at most `AT_ONCE`, those of slowed addresses `SLOWED_AT_ONCE`, so that
   they hold up nobody else; the next ones wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

BURST: Final = 30
"""So many bad proofs of one address are reviewed without a wait."""
PER_SECOND: Final = 0.5
"""So many more each second."""
WAIT_SECONDS: Final = 2.0
"""A proof waits no longer for its address: a heartbeat's sender gives up after 5 s."""
AT_ONCE: Final = 16
"""So many reviews are under way at the same time, whoever they are for."""
SLOWED_AT_ONCE: Final = 2
"""So many of these for addresses that are slowed."""
ADDRESSES_MAX: Final = 10_000
"""More addresses than this are not remembered; those that were longest not heard of go first."""

OwnerT = TypeVar("OwnerT")


class ReviewBudget:
    """What every address may still ask for; `clock` in seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._left: dict[str, tuple[float, float]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._slowed_turns = asyncio.Semaphore(SLOWED_AT_ONCE)

    async def review(
        self, address: str, owner_of_proof: Callable[[], Awaitable[OwnerT | None]]
    ) -> OwnerT | None:
        """Whose proof it is, in its turn; None, which costs the address: nobody's."""
        wait = self._take(address)
        if not wait:
            return await self._reviewed(address, owner_of_proof)
        await self._sleep(wait)
        async with self._slowed_turns:
            return await self._reviewed(address, owner_of_proof)

    async def _reviewed(
        self, address: str, owner_of_proof: Callable[[], Awaitable[OwnerT | None]]
    ) -> OwnerT | None:
        try:
            async with self._turns:
                owner = await owner_of_proof()
        except BaseException:
            self._give_back(address)  # nothing is known of the proof
            raise
        if owner is not None:
            self._give_back(address)
        return owner

    def _take(self, address: str) -> float:
        """One review; the seconds that it has to wait."""
        left = max(self._now_left(address) - 1, -WAIT_SECONDS * PER_SECOND)
        self._keep(address, left)
        return max(0.0, -left / PER_SECOND)

    def _give_back(self, address: str) -> None:
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
