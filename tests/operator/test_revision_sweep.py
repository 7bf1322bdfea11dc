"""The sweep of revisions takes none that a run uses, or is about to use."""

import asyncio
from datetime import timedelta

import pytest

from stagework.controllers.pipelinejobs import revisions
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import PIPELINE_JOBS, PIPELINES, REVISIONS, Json
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sweeps every half minute, and spares no young ones."""
    monkeypatch.setattr(revisions, "SWEEP_SECONDS", 30)
    monkeypatch.setattr(revisions, "MIN_AGE", timedelta(hours=-1))


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=40)


def _run(world: World, name: str) -> None:
    spec = {"pipelineRef": {"name": "p"}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, {"metadata": {"name": name}, "spec": spec})


async def _with_an_unused_revision(world: World) -> None:
    world.start_operator()
    stages = [{"name": name, "image": "x", "runsOn": ["gpu"]} for name in "ab"]
    pipeline = {"metadata": {"name": "p"}, "spec": {"stages": stages}}
    world.store.create(PIPELINES, NAMESPACE, pipeline)
    _run(world, "one")
    await world.until(lambda: world.stage("one", "b").get("state") == "Running", seconds=120)
    world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Background"})


@pytest.mark.parametrize("verb", ["LIST", "DELETE"])
@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_run_that_comes_while_the_sweep_is_under_way_keeps_its_revision(
    verb: str, seconds: float
) -> None:
    """It comes just before the request, which takes so long to arrive."""
    made = 0.0

    async def main() -> None:
        nonlocal made
        async with World(timescale, behave=_behave) as world:
            await _with_an_unused_revision(world)

            async def hook(seen: Seen) -> Verdict:
                nonlocal made
                if seen.verb == verb and seen.resource is REVISIONS and not made:
                    made = timescale.seconds
                    _run(world, "two")
                    await asyncio.sleep(seconds)
                return None

            world.faults.before.append(hook)
            await world.until(lambda: made > 0, seconds=90)
            await world.until(lambda: world.summary("two") == "Completed", seconds=200)
            world.check_invariants()

    timescale = VirtualTime()
    timescale.run(main())


def test_what_nobody_uses_goes() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            await _with_an_unused_revision(world)
            await world.until(lambda: not world.store.list(REVISIONS), seconds=90)

    timescale = VirtualTime()
    timescale.run(main())
