"""Liveness means progress: a stuck loop or a dead watch turns the probe red; a restart mends it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from stagework.controllers.controller import Key
from stagework.controllers.engine import Engine
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json, Resource
from tests.support.operators import fault_schedule
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

RED_SECONDS: Final = 180.0


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=1.0)


STAGES: Final[list[Json]] = [{"name": f"s{n}", "image": "x", "runsOn": ["gpu"]} for n in range(3)]


def _in_world(check: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            operator = world.start_operator()
            world.apply("first", STAGES)
            await world.until(lambda: world.summary("first") == "Completed")
            assert operator.runtime.fault() == ""
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


def test_an_idle_operator_stays_green() -> None:
    async def check(world: World) -> None:
        for _ in range(3):
            await asyncio.sleep(60)
            assert world.operators[0].runtime.fault() == ""

    _in_world(check)


def test_a_worker_that_hangs_turns_the_probe_red(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_self: Engine, _key: Key) -> None:
        await asyncio.Event().wait()

    async def check(world: World) -> None:
        runtime = world.operators[0].runtime
        with monkeypatch.context() as patched:
            patched.setattr(Engine, "_reconcile", hang)
            world.apply("second", STAGES)
            await world.until(lambda: "stuck" in runtime.fault(), seconds=RED_SECONDS)
        await _a_restart_mends_it(world)

    _in_world(check)


def test_workers_that_are_all_gone_turn_the_probe_red(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(_self: Engine) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Engine, "_work", work)

    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            runtime = world.start_operator().runtime
            world.apply("first", STAGES)
            await world.until(lambda: "no worker" in runtime.fault(), seconds=RED_SECONDS)

    timescale = VirtualTime()
    timescale.run(main())


def test_a_watch_that_does_not_bring_our_own_writes_back_turns_the_probe_red() -> None:
    """The connection lives, but it tells of no change."""

    async def check(world: World) -> None:
        world.faults.deliveries = lambda _change: 0
        runtime = world.operators[0].runtime
        world.fake.bookmark_seconds = 1e9
        world.fake.drop_watches()
        world.apply("second", STAGES)
        await world.until(lambda: "known change" in runtime.fault(), seconds=RED_SECONDS)
        world.faults.clear()
        await _a_restart_mends_it(world)

    _in_world(check)


def test_an_outage_of_the_api_server_is_nobodys_fault() -> None:
    """A restart would mend nothing."""

    async def check(world: World) -> None:
        fault_schedule.outage(world)
        for _ in range(4):
            await asyncio.sleep(60)
            assert world.operators[0].runtime.fault() == ""
        world.faults.clear()
        world.apply("second", STAGES)
        await world.until(lambda: world.summary("second") == "Completed")
        assert world.operators[0].runtime.fault() == ""

    _in_world(check)


def test_first_lists_that_never_come_turn_the_probe_red() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:

            async def hook(seen: Seen) -> Verdict:
                if seen.verb == "LIST" and _is_pods(seen.resource):
                    await asyncio.sleep(1000)
                return None

            world.faults.before.append(hook)
            runtime = world.start_operator().runtime
            await world.until(lambda: "first lists" in runtime.fault(), seconds=400)

    timescale = VirtualTime()
    timescale.run(main())


def _is_pods(resource: Resource) -> bool:
    return resource.plural == "pods"


async def _a_restart_mends_it(world: World) -> None:
    await world.operators[0].stop()
    runtime = world.start_operator().runtime
    await world.until(lambda: world.summary("second") == "Completed")
    assert runtime.fault() == ""
