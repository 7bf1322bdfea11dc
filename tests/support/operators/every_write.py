"""Writes of a story as its crash points, a few worlds at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from tests.support.fakeapi.resources import Json
from tests.support.operators.crash import CrashPoint

AT_ONCE: Final = 6
"""Worlds at the same time: most of their time they wait."""

Story = Callable[[int], Awaitable[tuple[CrashPoint, Json]]]
"""The story with the crash at that write (from 1), and how it ended."""


async def all_points(story: Story, faultless: Json, *, most: int) -> list[str]:
    """What went wrong, by crash point; the story has fewer writes than `most`."""
    wrong, reached = await _tried(story, faultless, range(1, most))
    assert len(reached) < most - 1, "the story has more writes than were tried"
    return wrong


async def some_points(story: Story, faultless: Json, indexes: Iterable[int]) -> list[str]:
    """The same, at these writes of the story; it has all of them."""
    wanted = sorted(indexes)
    wrong, reached = await _tried(story, faultless, wanted)
    return [*wrong, *(f"{index}: not reached" for index in wanted if index not in reached)]


async def _tried(
    story: Story, faultless: Json, wanted: Iterable[int]
) -> tuple[list[str], set[int]]:
    """What went wrong, and which were reached; ends at the first that is not."""
    wrong: list[str] = []
    reached: set[int] = set()
    indexes = iter(wanted)

    async def work() -> None:
        for index in indexes:
            reached.add(index)
            try:
                point, outcome = await story(index)
            except (AssertionError, TimeoutError) as error:
                wrong.append(f"{index}: {error!r}")
                continue
            if not point.hit:
                reached.discard(index)
                return
            if outcome != faultless:
                wrong.append(f"{index}, {point.hit}: {_difference(outcome, faultless)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return wrong, reached


def _difference(actual: Json, wanted: Json) -> str:
    return "; ".join(
        f"{key}: {actual.get(key)} instead of {wanted[key]}"
        for key in wanted
        if actual.get(key) != wanted[key]
    )
