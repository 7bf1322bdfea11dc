"""Nothing held stays for ever, whoever took labels off: the whole operator, simulated."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PODS, Json, items
from tests.support.fakeapi.store import Stored
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

NO_LABELS: Json = {"labels": {"stagework.dev/run-uid": None, "stagework.dev/pipelinejob": None}}


def _play(story: Callable[[World], Awaitable[None]], behaviour: Behaviour) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=lambda _pod: behaviour) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale.run(main())


def _stages(*names: str) -> list[Json]:
    return [{"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0} for name in names]


def _held(world: World) -> list[Stored]:
    pods = world.store.list(PODS)
    return [pod for pod in pods if items(pod.data["spec"], "schedulingGates")]


def _unlabel(world: World, stage: str) -> Stored:
    """Take the labels off the Job of a stage."""
    of_stage = [j for j in world.store.list(JOBS) if f"-{stage}-" in j.key[1]]
    world.store.patch(JOBS, *of_stage[0].key, {"metadata": NO_LABELS})
    return of_stage[0]


def test_a_job_without_labels_goes_where_its_stage_will_not_run() -> None:
    async def story(world: World) -> None:
        world.apply("one", _stages("first", "second"))
        await world.until(lambda: len(_held(world)) == 1)
        job = _unlabel(world, "second")
        await world.until(lambda: world.summary("one") == "StageFailed")

        await world.until(lambda: not _held(world), seconds=30)
        assert job.key not in world.store.tables[JOBS].objects

    _play(story, Behaviour(seconds=20, exit_code=1))


def test_a_stage_whose_job_has_lost_its_labels_runs_once_and_nothing_stays() -> None:
    async def story(world: World) -> None:
        world.apply("one", [{**s, "contract": "ExitCode"} for s in _stages("first", "second")])
        await world.until(lambda: len(_held(world)) == 1)
        _unlabel(world, "second")
        await world.until(lambda: world.summary("one") == "Completed", seconds=200)

        await world.until(lambda: not _held(world), seconds=30)
        assert [process.stage for process in world.invariants.runs] == ["first", "second"]

    _play(story, Behaviour(seconds=20))


def test_a_held_pod_beside_the_winner_goes_and_the_winners_job_stays() -> None:
    async def story(world: World) -> None:
        world.apply("one", [{**s, "contract": "ExitCode"} for s in _stages("only")])
        await world.until(lambda: world.summary("one") == "Running")
        (winner,) = world.store.list(PODS)
        body: Json = {
            "metadata": {
                key: winner.meta[key]
                for key in ("labels", "ownerReferences", "annotations")
                if key in winner.meta
            },
            "spec": {**winner.data["spec"], "schedulingGates": [{"name": "stagework.dev/turn"}]},
        }
        body["metadata"]["name"] = f"{winner.key[1]}-2"
        body["spec"].pop("nodeName", None)
        world.store.create(PODS, NAMESPACE, body)
        await world.until(lambda: world.summary("one") == "Completed", seconds=60)
        await asyncio.sleep(10)

        assert [pod.meta["uid"] for pod in world.store.list(PODS)] == [winner.meta["uid"]]
        assert len(world.store.list(JOBS)) == 1

    _play(story, Behaviour(seconds=20))
