"""Faults between operator and API server that last a while: each is begun, and ended by `clear`.

Everything is done by the hooks of the fake API server. A request that is never answered is what a
half-open connection looks like from the client's side: it was sent, and nothing comes back.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final

from tests.support.fakeapi import failures
from tests.support.fakeapi.faults import DROP, Hook, Seen, Verdict
from tests.support.fakeapi.resources import JOBS, LEASES, PIPELINE_JOBS, PODS
from tests.support.operators.world import World

Fault = Callable[[World], None]
EVERY: Final = 3
"""One of so many requests is hit."""


def _sometimes(answer: Callable[[Seen], Verdict], wanted: Callable[[Seen], bool]) -> Hook:
    numbers = count(1)

    async def hook(seen: Seen) -> Verdict:
        return answer(seen) if wanted(seen) and next(numbers) % EVERY == 0 else None

    return hook


def _any(_seen: Seen) -> bool:
    return True


def _work(seen: Seen) -> bool:
    return seen.is_write and seen.resource is not LEASES


def _writes(seen: Seen) -> bool:
    return seen.is_write


def latency(world: World) -> None:
    """Every request takes two seconds."""
    world.faults.latency(2.0)


def resets(world: World) -> None:
    """Connections are cut before anything is done."""
    world.faults.before.append(_sometimes(lambda _: DROP, _any))


def lost_answers(world: World) -> None:
    """Writes are done, and then the connection is cut."""
    world.faults.after.append(_sometimes(lambda _: DROP, _writes))


def conflicts(world: World) -> None:
    """409, as if another had written in between."""
    world.faults.before.append(
        _sometimes(lambda seen: failures.conflict(seen.resource, seen.name), _work)
    )


def too_many_requests(world: World) -> None:
    """429 with Retry-After."""
    world.faults.before.append(_sometimes(lambda _: failures.too_many_requests(1), _any))


def server_errors(world: World) -> None:
    """500."""
    world.faults.before.append(_sometimes(lambda _: failures.internal_error(), _any))


def expired_versions(world: World) -> None:
    """410: the log is compacted and every watch is cut."""
    world.fake.compact()
    world.fake.drop_watches()


def silent_watches(world: World) -> None:
    """Watches stay open and say nothing."""
    world.faults.flow.clear()


def half_open(world: World) -> None:
    """Requests are taken and never answered; watches are silent."""
    world.faults.flow.clear()

    async def hook(_seen: Seen) -> Verdict:
        while hook in world.faults.before:  # noqa: ASYNC110 - ended by `clear`
            await asyncio.sleep(0.5)
        return DROP

    world.faults.before.append(hook)


def swallowed_events(world: World) -> None:
    """Watches go on, but no change is delivered."""
    world.faults.deliveries = lambda _change: 0


def repeated_events(world: World) -> None:
    """Every change is delivered three times."""
    world.faults.deliveries = lambda _change: 3


def stale_lists(world: World) -> None:
    """Lists come from an old cache, and the watches have to begin with one."""
    for resource in (PIPELINE_JOBS, JOBS, PODS):
        world.fake.freeze_lists(resource)
    expired_versions(world)


def outage(world: World) -> None:
    """The API server is gone."""

    async def hook(_seen: Seen) -> Verdict:
        return DROP

    world.faults.before.append(hook)
    world.fake.drop_watches()


ALL: Final[tuple[Fault, ...]] = (
    latency,
    resets,
    lost_answers,
    conflicts,
    too_many_requests,
    server_errors,
    expired_versions,
    silent_watches,
    half_open,
    swallowed_events,
    repeated_events,
    stale_lists,
    outage,
)
