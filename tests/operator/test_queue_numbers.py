"""The command line, the API service and the metrics say the same numbers of the same runs.

The runs are those of a whole operator at work on the fake API server; each of the three reads them
in its own way.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import yaml

from stagework.controllers.pipelinejobs.controller import PipelineJobs
from stagework.overview.queue.document import document
from stagework.web.queue.boards import View
from stagework.web.queue.service import QueueService
from stagework.web.user import User
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import NODES, PIPELINE_JOBS, Json
from tests.support.history.memory import MemoryHistory
from tests.support.operators.setup import NAMESPACE, settings, settings_document
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster
from tests.unit.web.stored_queue import StoredQueue

METRICS: Final = {
    "stagework_queue_pending": "pending",
    "stagework_queue_deferred": "deferred",
    "stagework_queue_processing": "processing",
    "stagework_queue_failed": "failed",
    "stagework_queue_inflow_1h": "created_1h",
    "stagework_queue_done_1h": "done_1h",
}
"""Each metric, and what the board calls it."""
NOTHING: Final = dict.fromkeys(METRICS.values(), 0.0)
Rows = dict[str, dict[str, float]]
"""Stage to number to value."""


def by_metrics(world: World) -> Rows:
    controllers = world.operators[-1].runtime.controllers
    (controller,) = (c for c in controllers if isinstance(c, PipelineJobs))
    rows: Rows = {}
    for family in controller.queue_metrics.numbers.collect():
        for sample in family.samples:
            number = METRICS.get(sample.name)
            if number is not None:
                row = rows.setdefault(sample.labels["stage"], {**NOTHING})
                row[number] += sample.value
    return rows


def of_board(board: Json) -> Rows:
    return {
        row["stage"]: {number: float(row[number]) for number in METRICS.values()}
        for row in board["stages"]
    }


def by_command_line(world: World) -> Rows:
    cluster = FakeCluster(namespace=NAMESPACE)
    for run in world.store.list(PIPELINE_JOBS):
        group = "/apis/stagework.dev/v1alpha1"
        path = f"{group}/namespaces/{NAMESPACE}/pipelinejobs/{run.meta['name']}"
        cluster.objects[path] = run.data
    cluster.objects["/api/v1/nodes"] = {"items": [node.data for node in world.store.list(NODES)]}
    release = "/api/v1/namespaces/stagework-system/configmaps"
    text = yaml.safe_dump(settings_document(slots=1))
    cluster.objects[release] = {"items": [{"data": {"settings.yaml": text}}]}
    cli = Cli(cluster, time=world.timescale.wall_clock())
    return of_board(json.loads(cli("queue", "-o", "json").out))


async def by_api_service(world: World) -> Rows:
    source = StoredQueue(
        [run.raw for run in world.store.list(PIPELINE_JOBS)],
        [node.raw for node in world.store.list(NODES)],
    )
    now = world.timescale.wall_clock().timestamp()
    # Without history it counts what the runs that are there tell, as the other two do.
    history = MemoryHistory()
    history.away = True
    service = QueueService.of(source, settings(slots=1), lambda: 0.0, lambda: now, history)
    picture = await service.boards.picture(User("ops"), View())
    return of_board(document(picture.board))


def _stage(name: str, **fields: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **fields}


def _behave(pod: Json) -> Behaviour:
    name = cast("str", pod["metadata"]["labels"]["stagework.dev/stage"])
    return Behaviour(exit_code=1) if name == "breaks" else Behaviour(seconds=20)


def _in_world(check: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave, of=settings(slots=1)) as world:
            world.start_operator()
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


async def _agree(world: World) -> Rows:
    """All three, once the status of every run is written."""
    await world.until(lambda: by_metrics(world) == by_command_line(world))
    rows = by_command_line(world)
    assert await by_api_service(world) == rows
    return rows


def test_all_three_say_the_same_at_every_step_of_work() -> None:
    async def check(world: World) -> None:
        for number in range(4):
            world.apply(f"run-{number}", [_stage("one"), _stage("two")])
        world.apply("bad", [_stage("breaks", runsOn=["macmini"]), _stage("never")])
        world.apply("held", [_stage("one")], suspend=True)
        await world.until(lambda: world.summary("bad") == "StageFailed")
        early = await _agree(world)
        assert early["breaks"]["failed"] == 1
        assert early["one"]["pending"] + early["one"]["processing"] > 1

        await world.until(lambda: world.summary("run-0") == "Completed", seconds=300)
        await _agree(world)
        await world.operators[-1].stop()
        assert by_metrics(world) == {}, "who does not lead knows nothing"
        world.start_operator()
        late = await _agree(world)
        assert late["two"]["done_1h"] >= 1

        world.store.delete(PIPELINE_JOBS, NAMESPACE, "run-0")
        await asyncio.sleep(10)
        assert by_metrics(world)["two"]["done_1h"] == late["two"]["done_1h"], "though it is gone"
        await asyncio.sleep(5400)
        assert by_metrics(world).get("two", NOTHING)["done_1h"] == 0, "for an hour"

    _in_world(check)
