"""Every write of the operator is a crash point: whatever is cut, the end is the same.

The run has nine stages, a fork, a failing attempt, a person's Skip and a person's Retry. The
operator is killed at each of its writes, before it is sent and after it is committed but before
the answer arrives; another one starts. What the stage processes saw decides (the oracle).
"""

import asyncio
from typing import Final

import pytest

from tests.support.fakeapi.resources import Json
from tests.support.operators import scenario
from tests.support.operators.crash import CrashPoint, Moment
from tests.support.operators.pace import Leap
from tests.support.operators.world import World

AT_ONCE: Final = 6
"""Worlds at the same time: most of their time they wait."""
MANY: Final = 200
"""More writes than a run has."""


async def _run(pace: Leap, index: int, moment: Moment) -> tuple[CrashPoint, Json]:
    async with World(pace, behave=scenario.behave) as world:
        down = 1.5 if index % 2 else 0.0
        point = CrashPoint(world, index, moment, down)
        point.arm()
        world.start_operator()
        scenario.begin(world)
        await world.until(lambda: scenario.over(world), seconds=300)
        await point.settled()
        await asyncio.sleep(1)  # the last operator may do no more harm
        outcome = scenario.outcome(world)
        world.check_oracle()
        return point, outcome


async def _all_points(pace: Leap, moment: Moment) -> list[str]:
    """What went wrong, by crash point."""
    _, faultless = await _run(pace, MANY, moment)
    wrong: list[str] = []
    indexes = iter(range(1, MANY))
    unreached = False

    async def work() -> None:
        nonlocal unreached
        for index in indexes:
            try:
                point, outcome = await _run(pace, index, moment)
            except (AssertionError, TimeoutError) as error:
                wrong.append(f"{index}: {error!r}")
                continue
            if not point.hit:
                unreached = True
                return
            if outcome != faultless:
                wrong.append(f"{index}, {point.hit}: {_difference(outcome, faultless)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    assert unreached, "the run has more writes than were tried"
    return wrong


def _difference(found: Json, wanted: Json) -> str:
    return "; ".join(
        f"{key}: {found[key]} instead of {wanted[key]}"
        for key in wanted
        if found.get(key) != wanted[key]
    )


@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
def test_the_end_is_the_same_wherever_the_operator_dies(moment: Moment) -> None:
    pace = Leap()
    wrong = pace.run(_all_points(pace, moment))
    assert not wrong, "\n".join(wrong)
