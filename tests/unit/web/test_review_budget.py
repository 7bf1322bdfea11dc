"""Bad proofs slow their address; good ones are never refused, and cost nothing."""

import asyncio

import pytest

from stagework.web.auth import review_budget
from stagework.web.auth.review_budget import BURST, PER_SECOND, WAIT_SECONDS, ReviewBudget
from stagework.web.errors import ClusterUnavailable

SHARED, OTHER = "10.0.0.1", "10.0.0.2"


class Desk:
    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.budget = ReviewBudget(lambda: self.now, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def shows(self, owner: str | None, address: str = SHARED, times: int = 1) -> None:
        async def owner_of_proof() -> str | None:
            return owner

        for _ in range(times):
            assert await self.budget.review(address, owner_of_proof) == owner


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_so_many_bad_ones_are_free_and_the_next_ones_wait_longer_up_to_a_limit(
    desk: Desk,
) -> None:
    await desk.shows(None, times=BURST)
    assert desk.waits == []
    desk.now += 0.5 / PER_SECOND
    await desk.shows(None, times=3)
    assert desk.waits == [0.5 / PER_SECOND, WAIT_SECONDS, WAIT_SECONDS]


async def test_a_good_one_waits_as_long_is_good_and_makes_nobody_wait_longer(desk: Desk) -> None:
    await desk.shows(None, times=BURST)
    desk.now += 0.5 / PER_SECOND
    await desk.shows("alice", times=3)
    assert desk.waits == [0.5 / PER_SECOND] * 3


async def test_good_ones_alone_never_wait(desk: Desk) -> None:
    await desk.shows("alice", times=3 * BURST)
    assert desk.waits == []


async def test_nobody_waits_for_what_another_address_has_sent(desk: Desk) -> None:
    await desk.shows(None, times=2 * BURST)
    desk.waits.clear()
    await desk.shows("alice", OTHER)
    assert desk.waits == []


async def test_an_address_is_as_fast_as_others_after_a_while(desk: Desk) -> None:
    await desk.shows(None, times=10 * BURST)
    desk.waits.clear()
    desk.now += (BURST + WAIT_SECONDS) / PER_SECOND
    await desk.shows(None, times=BURST)
    assert desk.waits == []


async def test_of_whom_nothing_could_be_learnt_it_costs_nothing(desk: Desk) -> None:
    async def away() -> str | None:
        raise ClusterUnavailable("review a token")

    for _ in range(2 * BURST):
        with pytest.raises(ClusterUnavailable):
            await desk.budget.review(SHARED, away)
    assert desk.waits == []


async def test_those_that_waited_hold_up_no_other_address(desk: Desk) -> None:
    await desk.shows(None, times=BURST)
    answer = asyncio.Event()

    async def slow() -> str | None:
        await answer.wait()
        return None

    reviews = [desk.budget.review(SHARED, slow) for _ in range(2 * review_budget.AT_ONCE)]
    waiting = asyncio.gather(*reviews)
    await desk.shows("alice", OTHER)
    answer.set()
    await waiting
