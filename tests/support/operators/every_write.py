"""Each write of a story as its crash point, a few worlds at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tests.support.fakeapi.resources import Json
from tests.support.operators.crash import CrashPoint

AT_ONCE: Final = 6
"""Worlds at the same time: most of their time they wait."""

Story = Callable[[int], Awaitable[tuple[CrashPoint, Json]]]
"""The story with the crash at that write (from 1), and how it ended."""


async def all_points(story: Story, faultless: Json, *, most: int) -> list[str]:
    """What went wrong, by crash point; the story has fewer writes than `most`."""
    wrong: list[str] = []
    indexes = iter(range(1, most))
    unreached = False

    async def work() -> None:
        nonlocal unreached
        for index in indexes:
            try:
                point, outcome = await story(index)
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
    assert unreached, "the story has more writes than were tried"
    return wrong


def _difference(actual: Json, wanted: Json) -> str:
    return "; ".join(
        f"{key}: {actual.get(key)} instead of {wanted[key]}"
        for key in wanted
        if actual.get(key) != wanted[key]
    )
