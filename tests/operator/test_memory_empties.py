"""When runs have come and gone nothing of them is left in memory: no date, no empty entry."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from typing import Final, cast

from tests.operator.test_queue_numbers import by_metrics
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import INTERVENTIONS, JOBS, PIPELINE_JOBS, PODS, Json
from tests.support.fakeapi.store import Stored
from tests.support.operators.inprocess import Operator
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

BOUNDED: Final = {
    "_left": "versions of objects that have gone, so that a late event brings none back",
    "_stages": "lists of stages that runs share",
    "_accepted_at": "namespaces that were written to in the last seconds",
    "_idle": "kept connections",
    "_busy": "connections in use",
    "_lengths": "metrics of machine classes",
    "_pending": "metrics of machine classes",
    "_requests": "metrics of requests, by what was asked",
}
"""What is kept on purpose, up to a limit of its own."""
AN_HOUR_AND_MORE_SECONDS: Final = 3900
_CONTAINERS: Final = (dict, set, list, deque)


def _sizes(operator: Operator) -> dict[str, int]:
    """Path of each container that the operator holds, and how much is in it."""
    return dict(_containers("runtime", operator.runtime, set()))


def _containers(path: str, value: object, seen: set[int]) -> Iterator[tuple[str, int]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, _CONTAINERS):
        yield path, len(cast("Sized", value))
    elif type(value).__module__.startswith("stagework."):
        for name, inner in _fields(value):
            if name not in BOUNDED:
                yield from _containers(f"{path}.{name}", inner, seen)
        return
    for number, inner in enumerate(_members(cast("object", value))):
        yield from _containers(f"{path}[{number}]", inner, seen)


def _members(value: object) -> list[object]:
    """Parts of ours within a container, or the object of a bound method."""
    inner: list[object] = []
    if isinstance(value, dict):
        inner = list(cast("dict[object, object]", value).values())
    elif isinstance(value, list | set | tuple | deque):
        inner = list(cast("Iterable[object]", value))
    elif (owner := getattr(value, "__self__", None)) is not None:
        inner = [owner]
    return [part for part in inner if type(part).__module__.startswith("stagework.")]


def _fields(value: object) -> list[tuple[str, object]]:
    return list(vars(value).items()) if hasattr(value, "__dict__") else []


def _behave(pod: Json) -> Behaviour:
    labels = pod["metadata"]["labels"]
    fails = labels["stagework.dev/stage"] == "b" and labels["stagework.dev/attempt"] == "1"
    return Behaviour(seconds=3, exit_code=1 if fails else 0)


def _running(world: World) -> list[Stored]:
    return [p for p in world.store.list(PODS) if p.data["status"].get("phase") == "Running"]


STAGES: Final[list[Json]] = [
    {"name": "a", "image": "x", "runsOn": ["gpu"], "timeoutSeconds": 7 * 24 * 3600},
    {"name": "b", "image": "x", "runsOn": ["macmini"], "retries": 1, "backoffSeconds": 1},
    {"name": "c", "image": "x", "runsOn": ["macbook"], "timeoutSeconds": 7 * 24 * 3600},
]


async def _come_and_go(world: World, names: list[str]) -> None:
    """Runs with a quota, a lost Pod, a failure, a person's request, and an end by deletion."""
    refusals = 2

    async def quota(seen: Seen) -> Verdict:
        nonlocal refusals
        if refusals and seen.verb == "POST" and seen.resource is JOBS:
            refusals -= 1
            return Failure(403, "Forbidden", "exceeded quota: q")
        return None

    world.faults.before.append(quota)
    for name in names:
        world.apply(name, STAGES)
    first = names[0]
    await world.until(lambda: bool(_running(world)), seconds=120)
    pod = _running(world)[0]
    world.store.patch(PODS, *pod.key, {"metadata": {"finalizers": None}})
    world.store.delete(PODS, *pod.key, {"gracePeriodSeconds": 0})
    world.ask(f"skip-{first}", "Skip", "c", of=first)
    await world.until(
        lambda: all(world.summary(name).startswith("Completed") for name in names), seconds=900
    )
    for name in names:
        world.store.delete(PIPELINE_JOBS, NAMESPACE, name, {"propagationPolicy": "Background"})
    await world.until(lambda: not world.store.list(PIPELINE_JOBS), seconds=60)
    for request in world.store.list(INTERVENTIONS):
        world.store.delete(INTERVENTIONS, *request.key)
    world.faults.clear()
    # What they have done is in the queue's numbers for an hour, which somebody then asks for.
    await asyncio.sleep(AN_HOUR_AND_MORE_SECONDS)
    by_metrics(world)


def test_nothing_is_left_in_memory_of_runs_that_have_come_and_gone() -> None:
    async def main() -> tuple[dict[str, int], dict[str, int]]:
        async with World(timescale, behave=_behave) as world:
            operator = world.start_operator()
            await asyncio.sleep(60)
            before = _sizes(operator)
            await _come_and_go(world, [f"run-{number}" for number in range(8)])
            return before, _sizes(operator)

    timescale = VirtualTime()
    before, after = timescale.run(main())
    assert len(before) > 40, "it looks into all parts"
    grown = {path: size for path, size in after.items() if size > before.get(path, 0)}
    assert not grown, grown
