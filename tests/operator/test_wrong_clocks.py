"""Clocks jump by an hour, either way: nothing times out for it, nothing waits longer, all ends."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

HOUR: Final = 3600.0
JUMPS: Final = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "behind"])
STAGES: Final[list[Json]] = [
    {
        "name": "works",
        "image": "x",
        "runsOn": ["gpu"],
        "timeoutSeconds": 1800,
        "startDeadlineSeconds": 900,
    },
    {
        "name": "fails",
        "image": "x",
        "dependsOn": [],
        "runsOn": ["macmini"],
        "retries": 1,
        "backoffSeconds": 30,
        "backoffMaxSeconds": 30,
    },
]
WORK_SECONDS: Final = 120.0


def _behave(pod: Json) -> Behaviour:
    labels = pod["metadata"]["labels"]
    if labels["stagework.dev/stage"] == "works":
        return Behaviour(seconds=WORK_SECONDS)
    return Behaviour(exit_code=1 if labels["stagework.dev/attempt"] == "1" else 0, seconds=5)


async def _through(
    timescale: VirtualTime,
    jumps: Callable[[World], None],
    *,
    restart: bool = False,
    at_seconds: float = 15.0,
) -> None:
    async with World(timescale, behave=_behave) as world:
        operator = world.start_operator()
        await asyncio.sleep(1)
        began = timescale.seconds
        world.apply("one", STAGES)
        await asyncio.sleep(at_seconds)
        if restart:
            await operator.kill()
            world.operators.remove(operator)
        jumps(world)
        if restart:
            world.start_operator()
        await world.until(lambda: world.summary("one") == "Completed", seconds=400)
        took = timescale.seconds - began
        stages = stages_of(world.run("one"))
        assert [(s["name"], s.get("attempt", 1)) for s in stages] == [("works", 1), ("fails", 2)]
        assert took < WORK_SECONDS + 30, "nothing waited for the clock"
        *_, before, after = sorted(run.started for run in world.invariants.runs)
        assert after - before >= 30, "the back-off"
        world.check_invariants()


@JUMPS
@pytest.mark.parametrize("at_seconds", [0.5, 3.0, 15.0], ids=["starting", "running", "backing off"])
def test_the_nodes_clocks_jump(jump: float, at_seconds: float) -> None:
    def moves(world: World) -> None:
        world.simulator.kubelets.reports.ahead += jump

    timescale = VirtualTime()
    timescale.run(_through(timescale, moves, at_seconds=at_seconds))


@JUMPS
@pytest.mark.parametrize("at_seconds", [0.5, 3.0, 15.0], ids=["starting", "running", "backing off"])
def test_the_clock_of_the_operators_machine_jumps(jump: float, at_seconds: float) -> None:
    def moves(_world: World) -> None:
        timescale.operators_ahead += jump

    timescale = VirtualTime()
    timescale.run(_through(timescale, moves, at_seconds=at_seconds))


@JUMPS
@pytest.mark.parametrize("machine", ["the same", "another"])
def test_the_next_operator_has_a_clock_that_is_an_hour_off(
    monkeypatch: pytest.MonkeyPatch, jump: float, machine: str
) -> None:
    """On the same machine its boot time tells; on another one the API server's clock."""
    timescale = VirtualTime()

    def moves(_world: World) -> None:
        timescale.operators_ahead += jump
        if machine == "another":
            monkeypatch.setattr("stagework.controllers.runtime.boot_id", lambda: "another")

    timescale.run(_through(timescale, moves, restart=True))


@JUMPS
def test_all_clocks_jump_while_nobody_leads(jump: float) -> None:
    """One machine is everything: its boot time alone is left to go by."""
    timescale = VirtualTime()

    def moves(_world: World) -> None:
        timescale.jump(jump)

    timescale.run(_through(timescale, moves, restart=True))
