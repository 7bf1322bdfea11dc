"""How fast writes go, on a clock of the test's own."""

from stagework.cluster.client.throttle import Throttle


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def throttle(time: Time, per_second: float = 10.0, burst: float = 5.0) -> Throttle:
    return Throttle(per_second, burst=burst, clock=time.clock, sleep=time.sleep)


async def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    time = Time()
    bucket = throttle(time)
    for _ in range(5):
        await bucket.take()
    assert time.now == 0
    for _ in range(20):
        await bucket.take()
    assert abs(time.now - 2.0) < 0.01


async def test_a_refusal_holds_everybody_up_as_long_as_the_server_asks() -> None:
    time = Time()
    bucket = throttle(time)
    bucket.refused(3.0)
    await bucket.take()
    assert time.now >= 3.0


async def test_the_rate_is_halved_once_a_second_whatever_the_number_of_refusals() -> None:
    time = Time()
    bucket = throttle(time, per_second=100)
    for _ in range(50):
        bucket.refused(0)
    assert bucket.per_second == 50
    time.now += 1
    bucket.refused(0)
    assert bucket.per_second == 25


async def test_the_rate_never_falls_to_nothing_and_recovers_by_success() -> None:
    time = Time()
    bucket = throttle(time, per_second=100)
    for _ in range(20):
        bucket.refused(0)
        time.now += 1
    assert bucket.per_second == 2
    for _ in range(20):
        time.now += 1
        bucket.accepted()
        bucket.accepted()
    assert bucket.per_second == 100


async def test_an_absurd_retry_after_is_cut() -> None:
    time = Time()
    bucket = throttle(time)
    bucket.refused(86_400)
    await bucket.take()
    assert time.now <= 31
