"""Every write of a Batch is a crash point: whatever is cut, each item is counted once.

A chunk fails once and is run again, another one has an item that kills its Pod and is run again in
parts, some items are bad, and a person has the failed ones run again.
The operator is killed at a write, before it is sent or after it is committed: at each status of the
batch, at the first and the last of all else that the batch writes, and at the first of each kind
that its runs write; in the long test at all of them.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest

from stagework.controllers import status_writer
from tests.support.batches.scene import BATCH, Items, Scene
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.resources import Json
from tests.support.operators.crash import CrashPoint, Moment
from tests.support.operators.every_write import all_points, some_points
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

MANY: Final = 400
"""More writes than there are."""


OF_RUNS: Final = (
    "POST controllerrevisions",
    "PATCH pipelinejobs/status",
    "POST jobs",
    "PATCH pods",
)
"""What a run writes for itself, whoever made it: test_every_write.py tries all of that."""


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
def undisturbed() -> tuple[CrashPoint, Json]:
    """What is written where nobody dies, and the outcome."""
    timescale = VirtualTime()
    return timescale.run(_run(timescale, MANY, "before it is sent"))


@pytest.fixture(scope="module")
def faultless(undisturbed: tuple[CrashPoint, Json]) -> Json:
    """The outcome where nobody dies."""
    return undisturbed[1]


def _kind(seen: Seen) -> str:
    """What a write is for; a status of the batch is of its own kind, with all that it says."""
    body: Json = seen.json() if seen.body else {}
    match seen.what:
        case "PATCH batches/status":
            return f"{seen.what} {body['status']}"
        case "PATCH pipelinejobs/status":
            return f"{seen.what} {body['status']['summary']}"
        case "POST pipelinejobs":
            name: str = body["metadata"]["name"]
            round_number, _, _, attempt, _ = name.split("-")[1:]
            return f"{seen.what} of round {round_number}, attempt {attempt}"
        case _:
            return seen.what


def test_nobody_dies(faultless: Json) -> None:
    assert (faultless["done"], faultless["failed"]) == (7, 2)
    # Of round 0 one chunk failed as a whole, and so did the one of round 1.
    assert faultless["chunks"] == {"completed": 2, "failed": 2, "open": 0}
    assert faultless["answer"]["affected"] == 3


def _some(sent: Sequence[Seen]) -> set[int]:
    """Numbers of writes such that every kind is among them."""
    kinds = [(number, _kind(seen)) for number, seen in enumerate(sent, start=1)]
    first = {kind: number for number, kind in reversed(kinds)}
    last = {kind: number for number, kind in kinds if not kind.startswith(OF_RUNS)}
    return {*first.values(), *last.values()}


MOMENTS: Final[tuple[Moment, ...]] = ("before it is sent", "after it is committed")


@pytest.mark.parametrize("moment", MOMENTS)
def test_each_item_is_counted_once_whatever_write_the_operator_dies_at(
    moment: Moment, undisturbed: tuple[CrashPoint, Json]
) -> None:
    point, faultless = undisturbed
    timescale = VirtualTime()
    points = some_points(lambda index: _run(timescale, index, moment), faultless, _some(point.sent))
    wrong = timescale.run(points)
    assert not wrong, "\n".join(wrong)


@pytest.mark.long("test_each_item_is_counted_once_whatever_write… tries every kind of them")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("moment", MOMENTS)
def test_each_item_is_counted_once_wherever_the_operator_dies(
    moment: Moment, faultless: Json
) -> None:
    timescale = VirtualTime()
    points = all_points(lambda index: _run(timescale, index, moment), faultless, most=MANY)
    wrong = timescale.run(points)
    assert not wrong, "\n".join(wrong)


def test_a_chunk_costs_three_writes_beyond_its_runs_own_and_its_share_of_another() -> None:
    """Its run is made, counted together with the begin of the next one, and removed.

    The uid of what was made last stands in the next status, a second later at most: where two are
    at work, that is one write more for two of them. Begin and end of all cost five.
    """
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
    assert len(own) <= 50 + 25 + 5


def test_statuses_that_wait_lose_nothing_either(
    monkeypatch: pytest.MonkeyPatch, faultless: Json
) -> None:
    monkeypatch.setattr(status_writer, "MANY_OBJECTS", 0)  # kept as JSON
    timescale = VirtualTime()
    for index in (3, 9, 17, 28):
        _, outcome = timescale.run(_run(timescale, index, "after it is committed"))
        assert outcome == faultless, index
