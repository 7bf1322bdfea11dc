"""A 429 slows its own namespace down, and everybody where most are refused."""

import pytest

from stagework.cluster.client.errors import TooManyRequests
from stagework.cluster.client.throttles import (
    LONGEST_WAIT_SECONDS,
    NAMESPACE_WAIT_SECONDS,
    RECENT_SECONDS,
    Throttles,
)


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def throttles(time: Time) -> Throttles:
    return Throttles(100, burst=10, clock=time.clock, sleep=time.sleep)


async def test_one_namespace_that_is_refused_stops_nobody_else(
    time: Time, throttles: Throttles
) -> None:
    throttles.accepted("calm")
    for _ in range(50):
        throttles.refused("bad", 30)
        time.now += 0.1
    before = time.now
    for _ in range(10):
        await throttles.take("calm")

    assert time.now == before
    assert throttles.common.per_second == 100


async def test_who_would_wait_long_for_his_namespace_is_refused_and_holds_no_worker(
    time: Time, throttles: Throttles
) -> None:
    for _ in range(10):
        throttles.refused("bad", 7)
        time.now += 1
    throttles.refused("bad", 7)
    before = time.now
    with pytest.raises(TooManyRequests) as refused:
        await throttles.take("bad")
    assert refused.value.retry_after_seconds == 0.5, "the slowest rate is two a second"
    assert time.now == before

    time.now += 0.5 - NAMESPACE_WAIT_SECONDS
    await throttles.take("bad")
    assert time.now == before + 0.5, "a short wait is waited"


async def test_a_namespace_recovers_by_itself_and_is_forgotten(
    time: Time, throttles: Throttles
) -> None:
    throttles.refused("bad", 0)
    for _ in range(30):
        time.now += 1
        await throttles.take("bad")
        throttles.accepted("bad")
    throttles.common.refused(0)
    for _ in range(20):
        await throttles.take("bad")

    assert throttles.common.per_second == 50, "only the common one holds it up"


async def test_where_most_are_refused_everybody_waits(time: Time, throttles: Throttles) -> None:
    throttles.accepted("calm")
    throttles.refused("one", 3)
    throttles.refused("two", 3)
    await throttles.take("calm")

    assert time.now == 103
    assert throttles.common.per_second == 50


async def test_where_most_are_accepted_the_refused_wait_alone(
    time: Time, throttles: Throttles
) -> None:
    for namespace in ("a", "b", "c", "d", "e"):
        throttles.accepted(namespace)
    throttles.refused("one", 3)
    throttles.refused("two", 3)
    await throttles.take("a")

    assert time.now == 100


async def test_what_was_long_ago_says_nothing(time: Time, throttles: Throttles) -> None:
    throttles.refused("one", 1)
    time.now += RECENT_SECONDS + 1
    throttles.refused("two", 1)
    await throttles.take("calm")

    assert throttles.common.per_second == 100


async def test_nobody_holds_a_worker_for_long_while_the_server_is_overloaded(
    time: Time, throttles: Throttles
) -> None:
    throttles.refused("one", 30)
    throttles.refused("two", 30)
    with pytest.raises(TooManyRequests):
        await throttles.take("calm")
    assert time.now == 100

    time.now += 30 - LONGEST_WAIT_SECONDS
    await throttles.take("calm")
    assert time.now == 130
