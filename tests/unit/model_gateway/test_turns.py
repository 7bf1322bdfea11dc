"""Places at an endpoint: never more than there are, and no namespace takes them all for long."""

import asyncio

import pytest

from stagework.model_gateway.errors import RateLimited
from stagework.model_gateway.turns import Budgets, Turns


async def waiting(places: Turns, *namespaces: str) -> list[tuple[str, asyncio.Task[None]]]:
    """Those who ask, in this order, and wait."""
    asked = [(name, asyncio.create_task(places.take(name))) for name in namespaces]
    await asyncio.sleep(0)
    return asked


async def test_namespaces_take_turns_however_many_wait_of_one() -> None:
    places = Turns(1, 1)
    await places.take("noisy")
    asked = await waiting(places, "noisy", "noisy", "noisy", "quiet")
    tasks = [task for _, task in asked]
    places.give_back("noisy")
    await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [True, False, False, False]
    places.give_back("noisy")
    await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [True, False, False, True]
    places.give_back("quiet")
    places.give_back("noisy")
    await asyncio.gather(*tasks)


async def test_one_namespace_leaves_places_where_it_may_not_have_all() -> None:
    places = Turns(3, 2)
    await places.take("noisy")
    await places.take("noisy")
    (_, third), (_, other) = await waiting(places, "noisy", "quiet")
    assert (third.done(), other.done()) == (False, True)
    places.give_back("noisy")
    await third


async def test_who_gives_up_waiting_takes_no_place() -> None:
    places = Turns(1, 1)
    await places.take("a")
    ((_, first), (_, second)) = await waiting(places, "b", "c")
    first.cancel()
    await asyncio.sleep(0)
    places.give_back("a")
    await second
    (late,) = await waiting(places, "a")
    late[1].cancel()  # while its place is being given
    places.give_back("c")
    await asyncio.wait([late[1]])
    await asyncio.wait_for(places.take("d"), 1)


def test_a_namespace_may_ask_so_often_a_minute_and_is_told_when_again() -> None:
    now = 0.0
    budgets = Budgets(2, lambda: now)
    budgets.take("noisy")
    budgets.take("noisy")
    with pytest.raises(RateLimited) as caught:
        budgets.take("noisy")
    budgets.take("quiet")
    now += int(caught.value.retry_after)
    budgets.take("noisy")
