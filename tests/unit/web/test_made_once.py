"""What is made once, however many ask for it."""

import asyncio

import pytest

from stagework.web.queue.made_once import MadeOnce
from tests.unit.web.service import Clock


class Maker:
    """Makes numbers, as long as it is let."""

    def __init__(self) -> None:
        self.made = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def make(self) -> int:
        """The next one."""
        self.made += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return self.made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> MadeOnce[str, int]:
    return MadeOnce(2, clock, rest_seconds=10)


async def begun(*asking: asyncio.Task[int]) -> None:
    """All of them have asked, and wait."""
    _, waiting = await asyncio.wait(asking, timeout=0)
    assert waiting == set(asking)
    await asyncio.sleep(0)


async def test_all_who_ask_meanwhile_share_one(kept: MadeOnce[str, int]) -> None:
    maker = Maker()
    asking = [asyncio.create_task(kept.get("a", 1, maker.make)) for _ in range(9)]
    await begun(*asking)
    asking[0].cancel()  # who leaves takes it from nobody
    maker.go.set()

    assert await asyncio.gather(*asking[1:]) == [1] * 8
    assert await kept.get("a", 1, maker.make) == 1
    assert await kept.get("b", 1, maker.make) == 2


async def test_a_newer_one_is_made_after_the_last_and_its_rest(
    kept: MadeOnce[str, int], clock: Clock
) -> None:
    maker = Maker()
    asking = [asyncio.create_task(kept.get("a", seq, maker.make)) for seq in (1, 2, 3)]
    await begun(*asking)
    assert maker.made == 1
    maker.go.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]

    clock.now += 9.9
    assert await kept.get("a", 4, maker.make) == 1
    clock.now += 0.1
    assert await kept.get("a", 4, maker.make) == 2
    assert await kept.get("a", 3, maker.make) == 2


async def test_without_a_rest_one_at_a_time_is_made_and_the_newest_counts(clock: Clock) -> None:
    maker, kept = Maker(), MadeOnce[str, int](2, clock)
    asking = [asyncio.create_task(kept.get("a", seq, maker.make)) for seq in (1, 2, 2, 2)]
    await begun(*asking)
    assert maker.made == 1
    maker.go.set()

    assert await asyncio.gather(*asking) == [1, 2, 2, 2]


async def test_what_could_not_be_made_is_tried_again(kept: MadeOnce[str, int]) -> None:
    maker = Maker()
    maker.go.set()
    maker.error = ValueError("away")
    with pytest.raises(ValueError, match="away"):
        await kept.get("a", 1, maker.make)
    maker.error = None
    assert await kept.get("a", 1, maker.make) == 2


async def test_the_oldest_goes_where_there_are_too_many(kept: MadeOnce[str, int]) -> None:
    maker = Maker()
    maker.go.set()
    made = [await kept.get(key, 1, maker.make) for key in ("a", "b", "c", "c", "b", "a")]
    assert made == [1, 2, 3, 3, 2, 4]
