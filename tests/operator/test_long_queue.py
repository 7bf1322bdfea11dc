"""Many runs to reconcile, with nothing to do for any: the rest of the operator has its turn."""

import asyncio

from stagework.controllers.controller import Key
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

RUNS = 60
WORKERS = 4


def test_a_long_queue_of_runs_keeps_nobody_from_their_turn() -> None:
    async def main() -> None:
        endless = Behaviour(seconds=1e6)
        of = settings(slots=RUNS, workers=WORKERS)
        async with World(timescale, behave=lambda _: endless, of=of) as world:
            operator = world.start_operator()
            names = [f"run-{number}" for number in range(RUNS)]
            for name in names:
                world.apply(name, [{"name": "a", "image": "x", "runsOn": ["gpu"]}])
            await world.until(
                lambda: all(world.stage(n, "a").get("state") == "Running" for n in names)
            )
            queue = operator.runtime.queue
            for name in names:
                queue.add(Key("PipelineJob", NAMESPACE, name))
            turns = 0
            while len(queue):
                before = len(queue)
                await asyncio.sleep(0)
                assert before - len(queue) <= WORKERS, (
                    "one reconcile by each worker between two turns"
                )
                turns += 1
            assert turns >= RUNS / WORKERS

    timescale = VirtualTime()
    timescale.run(main())
