"""Keys wait in order, once each, with delays and back-off; no key is worked on twice at once."""

import asyncio

import pytest

from stagework.controllers.work_queue import WorkQueue


class Clock:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock)


async def _all(queue: WorkQueue[str]) -> list[str]:
    """Every key that is ready now, each reconciled at once."""
    names: list[str] = []
    while True:
        try:
            async with asyncio.timeout(0):
                key = await queue.get()
        except TimeoutError:
            return names
        names.append(key)
        queue.done(key)


async def test_keys_come_in_order_and_once_however_often_they_are_named(
    queue: WorkQueue[str],
) -> None:
    for key in ("a", "b", "a", "c", "b"):
        queue.add(key)

    assert len(queue) == 3
    assert await _all(queue) == ["a", "b", "c"]


async def test_a_key_that_is_named_while_it_is_worked_on_comes_once_more(
    queue: WorkQueue[str],
) -> None:
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a")

    assert await _all(queue) == [], "never two workers on one key"
    queue.done(key)
    assert await _all(queue) == ["a"]


async def test_a_delayed_key_comes_when_it_is_due(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 5)

    assert await _all(queue) == []
    clock.now += 4.9
    assert await _all(queue) == []
    clock.now += 0.1
    assert await _all(queue) == ["a"]
    clock.now += 100
    assert await _all(queue) == []


@pytest.mark.parametrize("delays", [(5, 60), (60, 5)], ids=["early first", "late first"])
async def test_the_earlier_of_two_dates_stands(
    queue: WorkQueue[str], clock: Clock, delays: tuple[int, int]
) -> None:
    for seconds in delays:
        queue.add_after("a", seconds)

    clock.now += 5
    assert await _all(queue) == ["a"]
    clock.now += 100
    assert await _all(queue) == [], "the later date was the same wish"


async def test_a_date_in_the_past_is_now(queue: WorkQueue[str]) -> None:
    queue.add_after("a", -10)

    assert await _all(queue) == ["a"]


async def test_a_key_that_is_due_while_it_is_worked_on_comes_afterwards(
    queue: WorkQueue[str], clock: Clock
) -> None:
    queue.add("a")
    key = await queue.get()
    queue.add_after("a", 1)
    clock.now += 2

    assert await _all(queue) == []
    queue.done(key)
    assert await _all(queue) == ["a"]


async def test_failures_wait_longer_each_time_up_to_a_limit(
    queue: WorkQueue[str], clock: Clock
) -> None:
    waited: list[float] = []
    for _ in range(8):
        began = clock.now
        queue.retry("a", first_seconds=1, longest_seconds=30)
        while await _all(queue) == []:
            clock.now += 0.5
        waited.append(clock.now - began)

    assert waited == [1, 2, 4, 8, 16, 30, 30, 30]


async def test_a_success_forgets_the_failures(queue: WorkQueue[str], clock: Clock) -> None:
    for _ in range(5):
        queue.retry("a", first_seconds=1)
        clock.now += 100
        await _all(queue)

    queue.succeeded("a")
    queue.retry("a", first_seconds=1)

    clock.now += 1
    assert await _all(queue) == ["a"]


async def test_a_waiting_worker_is_woken_by_a_new_key(queue: WorkQueue[str]) -> None:
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not worker.done()

    queue.add("a")

    assert await asyncio.wait_for(worker, 1) == "a"


async def test_every_waiting_worker_gets_a_key_of_its_own(queue: WorkQueue[str]) -> None:
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)

    for key in ("a", "b", "c"):
        queue.add(key)

    assert sorted(await asyncio.wait_for(asyncio.gather(*workers), 1)) == ["a", "b", "c"]


async def test_a_waiting_worker_notices_an_earlier_date(queue: WorkQueue[str]) -> None:
    queue.add_after("late", 3600)
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)

    queue.add_after("soon", 0)

    assert await asyncio.wait_for(worker, 1) == "soon"


async def test_the_slowest_worker_is_measured(queue: WorkQueue[str], clock: Clock) -> None:
    assert queue.longest_reconcile_seconds() == 0
    queue.add("a")
    queue.add("b")
    slow = await queue.get()
    clock.now += 7
    quick = await queue.get()
    clock.now += 2

    assert queue.longest_reconcile_seconds() == 9
    queue.done(slow)
    assert queue.longest_reconcile_seconds() == 2
    queue.done(quick)
    assert queue.longest_reconcile_seconds() == 0


async def test_a_worker_that_gives_up_waiting_takes_no_key_with_it(queue: WorkQueue[str]) -> None:
    impatient, patient = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)

    queue.add("a")
    impatient.cancel()

    assert await asyncio.wait_for(patient, 1) == "a"


async def test_a_date_wakes_one_worker_and_not_all() -> None:
    queue: WorkQueue[str] = WorkQueue(asyncio.get_running_loop().time)
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)

    for seconds, key in ((0.02, "second"), (0.01, "first")):
        queue.add_after(key, seconds)

    assert await asyncio.wait_for(workers[0], 1) == "first"
    assert await asyncio.wait_for(workers[1], 1) == "second"
    assert not workers[2].done()
    workers[2].cancel()


async def test_how_long_the_queue_is_shows_in_the_key_that_was_taken_last(
    queue: WorkQueue[str], clock: Clock
) -> None:
    assert queue.latency_seconds() == 0
    queue.add("a")
    clock.now += 7
    queue.add("b")

    queue.done(await queue.get())
    assert queue.latency_seconds() == 7
    clock.now += 2
    queue.done(await queue.get())
    assert queue.latency_seconds() == 2


async def test_what_waited_before_workers_came_makes_no_queue(
    queue: WorkQueue[str], clock: Clock
) -> None:
    queue.add("a")
    clock.now += 3600
    queue.serve()
    clock.now += 3

    assert await queue.get() == "a"
    assert queue.latency_seconds() == 3
