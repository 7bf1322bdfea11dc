"""Batches that are remembered, and what their chunks have cost; in memory and in both databases."""

from stagework.api.history import LikeBatches, RunQuery
from stagework.history.items import ChunkCost, Folded
from stagework.history.rows import micros
from stagework.history.store import History
from stagework.policies.chunks.observed import ObservedChunk
from tests.support.history.facts import batch_fact, minute

LIKE = LikeBatches("team", "photos", "1")


def folded(name: str, at: int, machine: str = "gpu", **like: str) -> Folded:
    kind = {"namespace": "team", "pipeline": "photos", "revision": "1", **like}
    chunk = ObservedChunk(10, 20.0 + at, 5.0 if at % 2 else None)
    cost = ChunkCost(machine=machine, ended=micros(minute(at)), observed=chunk, **kind)
    return Folded(name, 0, 1, "r0-0-10", "child", "", cost)


async def test_a_batch_reads_back_word_by_word(history: History) -> None:
    batch = batch_fact(
        title="schöne Schuhe", tenant="acme", priority=-5, message="done", failed=1, skipped=2
    )
    await history.record([batch, batch])
    assert (await history.batches(RunQuery())).items == [batch]


async def test_the_newer_of_two_counts_and_a_reprocess_takes_an_end_back(history: History) -> None:
    again = batch_fact(at=minute(20), ended=None, state="Running", rounds=1)
    await history.record([batch_fact()])
    await history.record([again])
    assert (await history.batches(RunQuery())).items == [again]


async def test_pages_are_the_newest_first_and_of_the_namespaces_that_are_asked_for(
    history: History,
) -> None:
    batches = [batch_fact(f"batch-{n}", created=minute(n)) for n in range(5)]
    await history.record([*batches, batch_fact("other", namespace="secret")])
    query = RunQuery(namespaces=("team",), limit=3)
    first = await history.batches(query)
    rest = await history.batches(query.model_copy(update={"after": first.next}))
    assert [*first.items, *rest.items] == batches[::-1]
    assert rest.next is None
    by_name = await history.batches(RunQuery(name="name-of-batch-2"))
    assert by_name.items == [batches[2]]


async def test_those_that_are_alike_come_as_they_ended(history: History) -> None:
    ended = [batch_fact(f"batch-{n}", ended=minute(n), estimates="0 1.0 1 1 1") for n in (3, 1, 2)]
    others = [
        batch_fact("goes-on", ended=None),
        batch_fact("edited", revision="2"),
        batch_fact("elsewhere", namespace="other"),
    ]
    await history.record([*ended, *others])
    known = await history.batches_like(LIKE)
    assert [batch.uid for batch in known] == ["batch-1", "batch-2", "batch-3"]
    last = await history.batches_like(LIKE._replace(limit=2))
    assert [batch.uid for batch in last] == ["batch-2", "batch-3"]


async def test_what_chunks_have_cost_is_told_by_class_and_outlives_their_batch(
    history: History,
) -> None:
    items = history.items
    for uid in ("one", "two"):
        await items.begin(uid, "team", "photos")
    for _ in range(2):
        await items.fold("one", folded("b", at=2), [])
        await items.fold("one", folded("a", at=1), [])
    await items.fold("one", folded("c", at=3, machine="mac"), [])
    await items.fold("one", folded("d", at=4, revision="2"), [])
    await items.fold("two", folded("a", at=5), [])
    wanted = {
        "gpu": [ObservedChunk(10, 21.0, 5.0), ObservedChunk(10, 22.0, None)],
        "mac": [ObservedChunk(10, 23.0, 5.0)],
    }
    assert await items.costs(LIKE, but="two") == wanted
    while await items.forget("one", 100):
        pass
    assert await items.costs(LIKE, but="two") == wanted
    assert await items.costs(LIKE._replace(limit=1), but="") == {
        "gpu": [ObservedChunk(10, 25.0, 5.0)]
    }


async def test_the_sweep_forgets_them_when_their_time_is_over(history: History) -> None:
    await history.record([batch_fact("old"), batch_fact("new", at=minute(100))])
    await history.items.begin("one", "team", "photos")
    await history.items.fold("one", folded("a", at=1), [])
    await history.items.fold("one", folded("b", at=90), [])
    assert await history.old(minute(50)) == 1
    assert await history.sweep(minute(50), 10) == 2
    assert [batch.uid for batch in (await history.batches(RunQuery())).items] == ["new"]
    assert len((await history.items.costs(LIKE, but=""))["gpu"]) == 1
