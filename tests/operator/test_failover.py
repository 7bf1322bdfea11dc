"""Several replicas: one is killed, one is paused, all are replaced in the middle of the work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from stagework.wiring import LEASE_NAME
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, LEASES, PODS, Json
from tests.support.operators.process import OperatorProcess
from tests.support.operators.service import ResultService
from tests.support.operators.setup import RELEASE_NAMESPACE, settings_document
from tests.support.operators.sharedtime import SharedTime
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

TAKEOVER_SECONDS: Final = 20.0


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=3.0)


class Work:
    """Runs in a world, and what the operators write about them."""

    def __init__(self, world: World, *, runs: int, stages: int) -> None:
        self.world = world
        self._names = [f"run-{number}" for number in range(runs)]
        self._stages = stages
        self._last_write = 0.0
        world.faults.before.append(self._note)
        classes = ("gpu", "macmini", "macbook")
        listed = [
            {"name": f"s{n}", "image": "x", "retries": 0, "runsOn": [classes[n % 3]]}
            for n in range(stages)
        ]
        for name in self._names:
            world.apply(name, listed)

    async def _note(self, seen: Seen) -> Verdict:
        if seen.is_write and seen.resource in {JOBS, PODS}:
            self._last_write = self.world.timescale.monotonic()
        return None

    async def begun(self, processes: int) -> None:
        """Wait until so many stages have started."""
        await self.world.until(lambda: len(self.world.invariants.runs) >= processes, seconds=120)

    async def taken_over(self) -> None:
        """Somebody acts within 20 s from now; what was under way arrives within half a second."""
        gone = self.world.timescale.monotonic() + 0.5
        await self.world.until(lambda: self._last_write > gone, seconds=TAKEOVER_SECONDS)

    async def done(self) -> None:
        """Wait for the end: nothing lost, nothing doubled, no attempt spoilt."""
        world, names = self.world, self._names
        await world.until(
            lambda: all(world.summary(name) == "Completed" for name in names), seconds=300
        )
        world.check_invariants()
        assert len(world.invariants.runs) == len(names) * self._stages
        for name in names:
            statuses = stages_of(world.run(name))
            assert [stage.get("attempt", 1) for stage in statuses] == [1] * self._stages


def _holder(world: World) -> str:
    lease = world.store.tables[LEASES].objects.get((RELEASE_NAMESPACE, LEASE_NAME))
    return (lease.data["spec"].get("holderIdentity") or "") if lease else ""


async def _led(world: World) -> str:
    await world.until(lambda: _holder(world) != "", seconds=60)
    return _holder(world)


def test_the_leader_is_killed_and_the_other_acts_within_20_s() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            first = world.start_operator()
            leader = await _led(world)
            world.start_operator()
            work = Work(world, runs=4, stages=9)
            await work.begun(6)
            await first.kill()
            await work.taken_over()
            assert _holder(world) != leader
            await work.done()

    timescale = VirtualTime()
    timescale.run(main())


def test_a_leader_that_is_asked_to_stop_hands_over_at_once() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            first = world.start_operator()
            await _led(world)
            world.start_operator()
            work = Work(world, runs=2, stages=9)
            await work.begun(3)
            await first.stop()
            await world.until(lambda: _holder(world) != "", seconds=4)
            await work.done()

    timescale = VirtualTime()
    timescale.run(main())


def test_a_rolling_upgrade_in_the_middle_of_20_runs_loses_and_doubles_nothing() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            old = [world.start_operator(), world.start_operator()]
            work = Work(world, runs=20, stages=4)
            await work.begun(10)
            # A new one is there before each old one goes, as a Deployment does.
            for operator in old:
                world.start_operator()
                await asyncio.sleep(3)
                await operator.stop()
            await work.done()

    timescale = VirtualTime()
    timescale.run(main())


@asynccontextmanager
async def _two_processes(
    world: World, folder: Path, timescale: SharedTime
) -> AsyncGenerator[list[OperatorProcess]]:
    """The whole operator twice; the first leads."""
    made: list[OperatorProcess] = []
    async with ResultService(world.simulator.kubelets) as service:
        settings = {**settings_document(), "api": {"url": service.url}}
        try:
            for number in range(2):
                process = OperatorProcess(folder / str(number), world.fake.url, settings, timescale)
                made.append(process)
                await process.start()
                counts = world.fake.record.counts
                await world.until(lambda: counts["WATCH pods"] == len(made), seconds=300)  # noqa: B023
                await _led(world)
            yield made
        finally:
            for process in made:
                await process.kill()


def test_a_paused_leader_changes_no_outcome_when_it_goes_on(tmp_path: Path) -> None:
    """Then the one that had taken over dies, and the paused one acts again."""

    async def main() -> None:
        async with (
            World(timescale, behave=_behave) as world,
            _two_processes(world, tmp_path, timescale) as both,
        ):
            leader = _holder(world)
            work = Work(world, runs=4, stages=18)
            await work.begun(8)
            both[0].freeze()
            await work.taken_over()
            await asyncio.sleep(15)
            assert _holder(world) not in {"", leader}
            both[0].thaw()
            await asyncio.sleep(10)
            assert _holder(world) not in {"", leader}
            await both[1].kill()
            await work.taken_over()
            assert _holder(world) == leader
            await work.done()

    timescale = SharedTime.create(tmp_path / "time")
    timescale.run(main())
