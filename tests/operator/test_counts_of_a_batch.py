"""Counts stay exact where somebody changes the batch between what the ledger has and the status.

The ledger has taken a chunk in, and before the status says so a limit is raised, or the batch is
stopped and the chunk's run is gone: decided anew, nothing may be counted twice, or by the ledger
alone. Each with the operator dying at that moment, too.
"""

from collections.abc import Callable

import pytest

from stagework.children.chunk_run import Item
from stagework.plans.batch.snapshot import FoldQuestion
from tests.support.batches.book import Own
from tests.support.batches.scene import Items, Scene
from tests.support.fakeapi.resources import PIPELINE_JOBS
from tests.support.operators.crash import CrashPoint
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Between = Callable[[Scene, FoldQuestion], bool]
"""Told of each question about a chunk; True: the operator may die before its next write."""
ENDED = {"Completed", "CompletedWithFailures", "TooManyFailedItems", "Stopped"}
NEVER = 10_000


def played(
    items: Items,
    between: Between,
    *,
    dies: bool,
    when: Callable[[Scene], bool] = lambda _: False,
    then: Callable[[Scene], None] = lambda _: None,
) -> Scene:
    async def main() -> Scene:
        scene = Scene(items)
        async with World(timescale, behave=scene.behave) as world:
            point = CrashPoint(world, NEVER, "before it is sent", 0.5, built={"book": scene.book})
            point.arm()
            left = scene.book.left

            def watched(given: list[Item], question: FoldQuestion) -> Own:
                if between(scene, question) and dies:
                    point.index = len(point.writes) + 1
                return left(given, question)

            scene.book.left = watched
            world.start_operator(book=scene.book)
            scene.begin(world, chunkSize=5, parallelism=1)
            world.when(lambda: when(scene), lambda: then(scene))
            await world.until(lambda: scene.summary() in ENDED, seconds=300)
            await point.restarted()
            assert bool(point.hit) is dies
            scene.check()
            world.check_invariants()
        return scene

    timescale = VirtualTime()
    return timescale.run(main())


@pytest.mark.parametrize("dies", [False, True], ids=["", "and the operator dies"])
def test_a_limit_of_failed_items_that_is_raised_again(*, dies: bool) -> None:
    """A chunk that fails is counted while too many have failed, and run again while not."""

    def between(scene: Scene, question: FoldQuestion) -> bool:
        if question.succeeded or question.dropped or not question.final:
            return False
        scene.change(maxFailedItems="100%")
        return True

    scene = played(
        Items(30, bad={0}, poison={1}, seconds=1.0),
        between,
        when=lambda scene: any(1 in numbers for numbers in scene.numbers.values()),
        then=lambda scene: scene.change(maxFailedItems=0),
        dies=dies,
    )
    book = next(iter(scene.book.books.values()))
    assert sum(scene.counts()) == len(book.truth)


@pytest.mark.parametrize("dies", [False, True], ids=["", "and the operator dies"])
def test_a_stop_of_a_chunk_that_was_taken_in_and_whose_run_is_gone(*, dies: bool) -> None:
    done = False

    def between(scene: Scene, question: FoldQuestion) -> bool:
        nonlocal done
        if not question.final or question.dropped or question.start != 10 or done:
            return False
        done = True
        scene.world.store.delete(PIPELINE_JOBS, NAMESPACE, question.child[0])
        scene.ask("stop", "Stop")
        return True

    scene = played(Items(30, bad={0}), between, dies=dies)
    assert scene.summary() == "Stopped"
    assert sum(scene.counts()) == 15
