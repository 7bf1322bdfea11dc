"""Every write of a Batch is a crash point: whatever is cut, each item is counted once.

A chunk fails once and is run again, another one has an item that kills its Pod and is run again in
parts, some items are bad, and a person has the failed ones run again.
The operator is killed at each of its writes, before it is sent and after it is committed.
"""

import asyncio
from typing import Final

import pytest

from stagework.controllers import status_writer
from tests.support.batches.scene import BATCH, Items, Scene
from tests.support.fakeapi.resources import Json
from tests.support.operators.crash import CrashPoint, Moment
from tests.support.operators.every_write import all_points
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

MANY: Final = 400
"""More writes than there are."""


def items() -> Items:
    return Items(9, bad={1, 2}, poison={4}, flaky={6}, seconds=1.0)


async def _run(timescale: VirtualTime, index: int, moment: Moment) -> tuple[CrashPoint, Json]:
    scene = Scene(items())
    async with World(timescale, behave=scene.behave) as world:
        down = 1.5 if index % 2 else 0.0
        point = CrashPoint(world, index, moment, down, built={"book": scene.book})
        point.arm()
        world.start_operator(book=scene.book)
        scene.begin(world, chunkSize=3, parallelism=2)
        await world.until(lambda: scene.summary() == "CompletedWithFailures", seconds=300)
        scene.items.bad = {2}
        scene.ask("again", "Reprocess")
        await world.until(lambda: _is_over(scene), seconds=300)
        await point.restarted()
        await world.until(lambda: not scene.runs(), seconds=60)
        await asyncio.sleep(1)
        scene.check()
        world.check_invariants()
        return point, _outcome(scene)


def _is_over(scene: Scene) -> bool:
    status = scene.status()
    answered = bool(scene.answer("again").get("answered"))
    return answered and status["summary"] == "CompletedWithFailures" and status["round"] == 1


def _outcome(scene: Scene) -> Json:
    """The end without what may differ: times, names, how often a chunk was run."""
    status = scene.status()
    book = next(iter(scene.book.books.values()))
    return {
        **{key: status.get(key) for key in ("summary", "total", "done", "failed", "round")},
        "chunks": status["chunks"],
        "answer": {k: v for k, v in scene.answer("again").items() if k != "answered"},
        "truth": dict(sorted(book.truth.items())),
        "counted": dict(sorted(book.counted.items())),
        "open": (status.get("open"), status.get("pieces")),
        "left": [run.meta["name"] for run in scene.runs()],
    }


@pytest.fixture(scope="module")
def faultless() -> Json:
    """The outcome where nobody dies."""
    timescale = VirtualTime()
    return timescale.run(_run(timescale, MANY, "before it is sent"))[1]


def test_nobody_dies(faultless: Json) -> None:
    assert (faultless["done"], faultless["failed"]) == (7, 2)
    # Of round 0 one chunk failed as a whole, and so did the one of round 1.
    assert faultless["chunks"] == {"completed": 2, "failed": 2, "open": 0}
    assert faultless["answer"]["affected"] == 3


@pytest.mark.timeout(900)
@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
def test_each_item_is_counted_once_wherever_the_operator_dies(
    moment: Moment, faultless: Json
) -> None:
    timescale = VirtualTime()
    points = all_points(lambda index: _run(timescale, index, moment), faultless, most=MANY)
    wrong = timescale.run(points)
    assert not wrong, "\n".join(wrong)


def test_a_chunk_costs_three_writes_beyond_its_runs_own() -> None:
    """Its run is made, counted together with the begin of the next one, and removed."""
    timescale = VirtualTime()

    async def main() -> list[str]:
        scene = Scene(Items(200, seconds=2.0))
        async with World(timescale, behave=scene.behave) as world:
            point = CrashPoint(world, 10_000, "before it is sent", 0.0)
            point.arm()
            world.start_operator(book=scene.book)
            scene.begin(world, chunkSize=4, parallelism=2)
            await world.until(lambda: scene.summary() == "Completed", seconds=600)
            await world.until(lambda: not scene.runs(), seconds=60)
            return point.writes

    writes = timescale.run(main())
    own = [w for w in writes if w.startswith(f"PATCH batches/status {BATCH}")]
    runs = [w for w in writes if w.startswith(("POST pipelinejobs", "DELETE pipelinejobs"))]
    assert len(runs) == 100
    assert len(own) <= 1.3 * 50


def test_statuses_that_wait_lose_nothing_either(
    monkeypatch: pytest.MonkeyPatch, faultless: Json
) -> None:
    monkeypatch.setattr(status_writer, "MANY_OBJECTS", 0)  # kept as JSON
    timescale = VirtualTime()
    for index in (3, 9, 17, 28):
        _, outcome = timescale.run(_run(timescale, index, "after it is committed"))
        assert outcome == faultless, index
