"""Attempts that had lost their process are known as long as their run is there."""

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.controllers.pipelinejobs.orphans_seen import orphans_document, orphans_seen
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.overview.alert_rules import OrphanSeen
from tests.support.builders import NAMESPACE, T0, after, as_cached, make_run, make_status
from tests.support.unwatched import make_cache

GIVEN_UP = make_status("a", "Failed", reason="Orphaned", attempt=2, completionTime=after(60))
BEGUN_ANEW = make_status(
    "b", "Succeeded", attempt=2, earlier=[{"attempt": 1, "reason": "Orphaned", "time": T0}]
)
WELL = make_status("c", "Failed", reason="NonZeroExit", completionTime=T0)


def run(*stages: StageStatus) -> OwnObject:
    return as_cached(make_run(name="r", status=PipelineJobStatus(stages=list(stages))))


def holding(known: OwnObject) -> Cache:
    cache = make_cache(RUNS)
    cache.offer(RUNS, NAMESPACE, known, deleted=False)
    return cache


def seen(stage: str, attempt: int, seconds: float) -> OrphanSeen:
    return OrphanSeen(NAMESPACE, "r", stage, attempt, after(seconds))


async def test_what_was_given_up_and_what_was_begun_anew_is_seen() -> None:
    cache = holding(run(GIVEN_UP, BEGUN_ANEW, WELL))
    assert await orphans_seen(cache) == [seen("a", 2, 60), seen("b", 1, 0)]


async def test_it_is_seen_also_once_the_run_has_left_memory() -> None:
    known = run(GIVEN_UP, BEGUN_ANEW, WELL)
    cache = holding(known)
    cache.swap(RUNS, NAMESPACE, tombstone_of(known, orphans_document(known)))
    assert await orphans_seen(cache) == [seen("a", 2, 60), seen("b", 1, 0)]


async def test_of_a_run_that_lost_nothing_nothing_stays() -> None:
    known = run(WELL)
    assert orphans_document(known) == {}
    cache = holding(known)
    cache.swap(RUNS, NAMESPACE, tombstone_of(known, {}))
    assert await orphans_seen(cache) == []
