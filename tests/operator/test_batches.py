"""Batches in a whole world: the operator, its runs, their Pods, and the book of all items."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stagework.api.packed_chunk import Chunk, unpack
from stagework.children.chunk_run import chunk_run_name
from stagework.plans.batch import counting
from stagework.plans.batch.snapshot import Priors
from stagework.policies.chunks.fit import History
from tests.support.batches.scene import BATCH, Items, Scene
from tests.support.fakeapi.resources import BATCHES, EVENTS, PIPELINE_JOBS, PIPELINES
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Check = Callable[[Scene, World], Awaitable[None]]
ENDED = {
    "Completed",
    "CompletedWithFailures",
    "NothingDone",
    "TooManyFailedItems",
    "Stopped",
    "InvalidItems",
}


def in_world(
    items: Items, check: Check, before: Callable[[Scene], None] = lambda _: None, **spec: Any
) -> None:
    async def main() -> None:
        scene = Scene(items)
        before(scene)
        async with World(timescale, behave=scene.behave, machines=2) as world:
            world.start_operator(book=scene.book)
            scene.begin(world, **spec)
            await check(scene, world)

    timescale = VirtualTime()
    timescale.run(main())


async def ended(scene: Scene, world: World, seconds: float = 600) -> None:
    await world.until(lambda: scene.summary() in ENDED, seconds=seconds)


def test_a_thousand_items_with_bad_ones_end_exactly_so() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.summary() == "CompletedWithFailures"
        assert scene.counts() == (993, 7, 0)
        assert scene.status()["percent"] == "100.0"
        assert scene.status()["chunks"] == {"completed": 100, "failed": 0, "open": 0}
        assert {s["reason"] for s in scene.status()["failedSamples"]} == {"BadPicture"}
        await world.until(lambda: not scene.runs())
        scene.check()

    in_world(Items(1000, bad={3, 99, 250, 251, 500, 777, 999}), check)


def test_an_item_that_kills_its_pod_is_found_and_fails_alone() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.counts() == (59, 1, 0)
        assert scene.status()["chunks"] == {"completed": 5, "failed": 1, "open": 0}
        assert [sample["id"] for sample in scene.status()["failedSamples"]] == ["i17"]
        await world.until(lambda: not scene.runs())
        # Its chunk twice, then the item alone, and what is before and after it.
        assert scene.worked_on().count(17) == 3
        scene.check()

    in_world(Items(60, poison={17}), check)


def test_without_a_name_the_chunk_is_parted_until_single_items_have_failed() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.counts() == (58, 2, 0)
        assert scene.status()["chunks"]["failed"] in {1, 2}
        scene.check()

    in_world(Items(60, poison={17, 40}, named=False), check)


def test_where_every_run_fails_it_ends_though_more_parts_would_wait_than_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: len(scene.status().get("pieces") or ()) >= 8, seconds=600)
        await ended(scene, world, seconds=7200)
        assert (scene.summary(), scene.counts()) == ("NothingDone", (0, 60, 0))
        assert len(scene.status()["failedSamples"]) == 20
        scene.check()

    monkeypatch.setattr(counting, "PIECES_MAX", 8)
    deadly = Items(60, poison={*range(60)}, named=False)
    in_world(deadly, check, chunkSize=10, parallelism=6)


def test_batches_of_one_namespace_take_turns_however_many_chunks_of_one_wait() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: len(scene.runs()) == 24)  # of eight slots
        scene.apply("later", chunkSize=4, parallelism=8)
        await world.until(lambda: scene.counts("later")[0] >= 16, seconds=600)
        assert scene.counts()[0] <= 4 * (8 + 4 + 4)
        assert scene.counts("later")[0] == 16
        scene.check()

    in_world(Items(200, seconds=5), check, chunkSize=4, parallelism=24)


def test_a_chunk_that_fails_once_is_run_again_as_a_whole() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.summary() == "Completed"
        assert scene.counts() == (60, 0, 0)
        assert scene.status()["chunks"] == {"completed": 6, "failed": 0, "open": 0}
        assert scene.worked_on().count(17) == 2
        scene.check()

    in_world(Items(60, flaky={17}), check)


def test_where_nothing_is_done_it_fails() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.summary() == "NothingDone"
        scene.check()

    in_world(Items(5, bad={*range(5)}), check)


def test_the_book_out_of_reach_is_waited_for_and_nothing_is_lost() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 20)
        scene.book.reachable = False
        await world.until(lambda: scene.summary() == "ArtifactsUnavailable")
        await world.until(lambda: scene.status()["running"] == 80)
        before = scene.counts()
        await asyncio.sleep(60)
        assert scene.counts() == before
        scene.book.reachable = True
        await ended(scene, world)
        assert scene.counts() == (200, 0, 0)
        scene.check()

    in_world(Items(200), check)


def test_a_list_that_cannot_be_frozen_yet_is_asked_for_again() -> None:
    async def check(scene: Scene, world: World) -> None:
        scene.book.reachable = False
        await world.until(lambda: scene.summary() == "ArtifactsUnavailable")
        scene.book.reachable = True
        await ended(scene, world)
        assert scene.summary() == "Completed"

    in_world(Items(5), check)


def test_while_suspended_no_chunk_is_begun() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 20)
        scene.change(suspend=True)
        await world.until(lambda: scene.summary() == "Suspended")
        before = scene.counts()
        assert before[0] < 200
        await asyncio.sleep(30)
        assert scene.counts() == before
        assert not scene.status().get("open")
        scene.change(suspend=False)
        await ended(scene, world)
        assert scene.counts() == (200, 0, 0)
        scene.check()

    in_world(Items(200), check)


def test_stop_ends_what_runs_and_counts_only_what_had_ended() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 20)
        scene.ask("stop", "Stop", reason="wrong prompt", requestedBy="kim")
        await ended(scene, world)
        assert scene.summary() == "Stopped"
        assert "kim: wrong prompt" in scene.status()["message"]
        assert scene.answer("stop")["summary"] == "Done"
        before = scene.counts()[0]
        assert 20 <= before < 200
        await world.until(lambda: not scene.runs())  # those counted wait for history
        scene.check()
        scene.ask("rest", "Reprocess", select={"allBut": "Done"})
        await world.until(lambda: scene.summary() == "Completed", seconds=300)
        assert scene.counts() == (200, 0, 0)
        assert scene.answer("rest")["affected"] == 200 - before
        scene.check()

    in_world(Items(200, seconds=5), check)


def test_a_stop_and_a_reprocess_at_the_same_moment_are_done_one_after_the_other() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 20)
        scene.ask("a-stop", "Stop")
        await asyncio.sleep(1.1)  # which of two of the same second is the older one nobody knows
        scene.ask("b-again", "Reprocess", select={"allBut": "Done"})
        await world.until(lambda: bool(scene.answer("a-stop").get("answered")))
        stopped_at = scene.counts()[0]
        await world.until(lambda: bool(scene.answer("b-again").get("answered")))
        assert 0 < scene.answer("b-again")["affected"] <= 200 - stopped_at
        await world.until(lambda: scene.summary() == "Completed", seconds=300)
        assert scene.counts() == (200, 0, 0)
        scene.check()

    in_world(Items(200, seconds=5), check)


def test_with_more_failed_items_than_allowed_nothing_further_is_begun() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.summary() == "TooManyFailedItems"
        done, failed, _ = scene.counts()
        assert failed > 10
        assert done + failed < 200
        assert not scene.status().get("open")
        scene.check()

    in_world(Items(200, bad={*range(0, 200, 2)}), check, maxFailedItems="5%")


def test_only_the_failed_are_run_again() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        assert scene.counts() == (193, 7, 0)
        made = len(scene.worked_on())
        scene.items.bad = {99, 150}
        scene.ask("again", "Reprocess")
        await world.until(lambda: bool(scene.answer("again").get("answered")))
        assert scene.answer("again")["affected"] == 7
        await ended(scene, world)
        assert scene.counts() == (198, 2, 0)
        assert sorted(scene.worked_on()[made:]) == [3, 99, 120, 121, 150, 151, 199]
        assert scene.status()["round"] == 1
        scene.check()

    in_world(Items(200, bad={3, 99, 120, 121, 150, 151, 199}), check)


def test_items_can_be_named_also_while_it_runs_and_an_unknown_one_is_said() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 40)
        book = next(iter(scene.book.books.values()))
        number = next(iter(book.truth))
        scene.ask("one", "Reprocess", select={"ids": [f"i{number}", "nobody"]})
        await world.until(lambda: bool(scene.answer("one").get("answered")))
        answer = scene.answer("one")
        assert (answer["affected"], answer["requested"]) == (1, 2)
        assert answer["refused"] == [{"stage": "nobody", "reason": "UnknownItem"}]
        await ended(scene, world)
        assert scene.counts() == (200, 0, 0)
        assert scene.worked_on().count(number) == 2
        scene.check()

    in_world(Items(200, seconds=2), check)


def test_nothing_to_run_again_is_refused() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        scene.ask("none", "Reprocess")
        await world.until(lambda: bool(scene.answer("none").get("answered")))
        assert scene.answer("none")["refused"][0]["reason"] == "NothingToReprocess"
        assert scene.summary() == "Completed"

    in_world(Items(5), check)


def test_parallelism_can_be_changed_on_the_way() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.status().get("running") == 20)
        scene.change(parallelism=5)
        await world.until(lambda: scene.status().get("running") == 50)
        scene.change(parallelism=1)
        await world.until(lambda: scene.status().get("running") == 10)
        await ended(scene, world)
        scene.check()

    in_world(Items(300, seconds=2), check, parallelism=2)


def test_a_run_that_somebody_deletes_is_made_again() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 10)
        victims: list[str] = [run.meta["name"] for run in scene.runs()][:3]
        for name in victims:
            world.store.delete(PIPELINE_JOBS, NAMESPACE, name)
        await ended(scene, world)
        assert scene.counts() == (60, 0, 0)
        assert scene.status()["chunks"]["failed"] == 0
        scene.check()

    in_world(Items(60, seconds=3), check, parallelism=3)


def test_somebody_elses_run_under_a_chunks_name_is_left_alone() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts()[0] >= 10)
        meta = world.store.get(BATCHES, NAMESPACE, BATCH).meta
        names = [
            chunk_run_name(BATCH, meta["uid"], Chunk(0, start, 10)) for start in range(0, 200, 10)
        ]
        there = {run.meta["name"] for run in scene.runs()}
        next_start: int = scene.status()["nextPosition"]
        name = names[next_start // 10 + 1]
        assert name not in there
        spec = {"pipelineRef": {"name": "plain"}, "suspend": True}
        world.store.create(PIPELINE_JOBS, NAMESPACE, {"metadata": {"name": name}, "spec": spec})
        await ended(scene, world)
        assert scene.counts() == (200, 0, 0)
        assert world.run(name)["spec"]["suspend"] is True
        events = [event.data["reason"] for event in world.store.list(EVENTS, NAMESPACE)]
        assert events.count("RunNameTaken") == 1
        scene.check()

    in_world(Items(200, seconds=2), check, parallelism=1)


def test_a_report_is_made_once_after_the_last_item() -> None:
    async def check(scene: Scene, world: World) -> None:
        await ended(scene, world)
        await world.until(lambda: bool(scene.status().get("afterwards")))
        words = str(scene.status()["afterwards"]).split()
        _, name, uid = words
        given = world.run(name)["spec"]["input"]["uri"]
        batch = world.store.get(BATCHES, NAMESPACE, BATCH).meta["uid"]
        assert given == f"artifact://ns/batches/{batch}/ledger.jsonl"
        assert world.run(name)["metadata"]["uid"] == uid
        await world.until(lambda: world.summary(name) == "Completed")
        await asyncio.sleep(30)
        assert [run.meta["name"] for run in scene.runs()] == [name]

    in_world(Items(20), check, afterwards={"pipelineRef": {"name": "plain"}})


def test_an_item_of_its_own_has_its_address_and_params_as_its_runs() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: len(scene.runs()) > 0)
        given = scene.runs()[0].data["spec"]["input"]
        assert given["uri"].startswith("s3://b/")
        assert given["items"]["to"] == given["items"]["from"] + 1
        await ended(scene, world)
        assert scene.counts() == (19, 1, 0)
        assert scene.worked_on().count(5) == 2
        scene.check()

    in_world(Items(20, poison={5}), check, chunkSize=1)


def test_without_its_pipeline_it_waits() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.summary() == "PipelineNotFound")
        stage = {"name": "work", "image": "x", "runsOn": ["gpu"], "contract": "Mark"}
        late = {"metadata": {"name": "late"}, "spec": {"stages": [stage]}}
        world.store.create(PIPELINES, NAMESPACE, late)
        await ended(scene, world)
        assert scene.summary() == "Completed"

    in_world(Items(5), check, pipelineRef={"name": "late"})


def test_params_that_its_pipeline_does_not_take_are_said_before_anything_runs() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.summary() == "InvalidSpec")
        assert "unknown colour" in scene.status()["message"]
        assert not scene.runs()

    in_world(Items(5), check, params={"colour": "red"})


def test_a_pipeline_that_is_mended_sets_it_going() -> None:
    async def check(scene: Scene, world: World) -> None:
        stage = {"name": "work", "image": "x", "runsOn": ["gpu"], "contract": "Mark"}
        late = {"metadata": {"name": "late"}, "spec": {"stages": [stage]}}
        world.store.create(PIPELINES, NAMESPACE, late)
        await world.until(lambda: scene.summary() == "InvalidSpec")
        mended = {"spec": {"params": [{"name": "colour"}]}}
        world.store.patch(PIPELINES, NAMESPACE, "late", mended)
        await ended(scene, world)
        assert scene.summary() == "Completed"

    in_world(Items(5), check, pipelineRef={"name": "late"}, params={"colour": "red"})


def test_it_goes_with_its_time_to_live() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: not world.store.list(BATCHES, NAMESPACE), seconds=300)
        assert not scene.runs()

    in_world(Items(20), check, ttlSecondsAfterFinished=10)


def test_the_uids_of_long_runs_are_on_record_soon() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: scene.counts() == (10, 0, 0), seconds=100)
        await world.until(lambda: len(scene.runs()) == 1)
        (run,) = scene.runs()
        uids = [run.meta["uid"]]
        await world.until(lambda: [chunk.uid for chunk in _open(scene)] == uids, seconds=12)

    # Of a thousand items an estimate, which is another change, comes every second chunk.
    in_world(Items(1000, seconds=60), check, parallelism=1)


def _open(scene: Scene) -> list[Chunk]:
    return [chunk for line in scene.status()["open"] if (chunk := unpack(line)) is not None]


def test_chunks_size_themselves() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: bool(scene.status().get("size")))
        assert scene.status()["size"] == {"items": 25, "reason": "Pilot"}
        await ended(scene, world, seconds=2000)
        assert scene.counts() == (1000, 0, 0)
        scene.check()

    in_world(Items(1000, seconds=2), check, chunking={"targetSeconds": 60}, parallelism=4)


def test_with_history_its_first_chunk_has_its_size_and_its_end_is_estimated_at_once() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: ".." in scene.status().get("eta", ""))
        assert scene.counts() == (0, 0, 0)
        assert scene.status()["size"] == {"items": 60, "reason": "Target"}
        assert {chunk.count for chunk in _open(scene)} == {60}
        await ended(scene, world)
        assert scene.status()["estimates"][0].startswith("0 ")

    def known(scene: Scene) -> None:
        scene.book.priors = Priors({"gpu": History(0.1, 1.0)})

    in_world(Items(1000, seconds=60), check, known, chunking={"targetSeconds": 61}, parallelism=4)


def test_how_long_it_still_takes_is_said_as_a_range() -> None:
    async def check(scene: Scene, world: World) -> None:
        await world.until(lambda: ".." in scene.status().get("eta", ""), seconds=300)
        seconds = scene.status()["etaSeconds"]
        assert 0 < seconds["p50"] <= seconds["p90"]
        await ended(scene, world)
        assert "eta" not in scene.status()

    in_world(Items(400, seconds=4), check, parallelism=4)
