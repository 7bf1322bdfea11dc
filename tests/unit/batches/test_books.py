"""Rounds and folds: counted once, whatever crashes or is lost."""

from collections.abc import Callable

import msgspec
import pytest

from stagework.api.batch_book import FoldRequest, Range, Selection, SelectRequest
from stagework.artifacts.errors import NoSpaceError
from stagework.batches import fold_files
from stagework.batches.errors import BadRange, NotFrozen
from stagework.history.errors import HistoryUnavailable
from stagework.policies.chunks.stride import position
from tests.support.history.memory import MemoryHistory
from tests.unit.batches.conftest import FOLDER, Bench

Chunk = Callable[..., FoldRequest]
N = 7


@pytest.fixture
async def frozen(bench: Bench) -> Bench:
    """With a manifest of seven items."""
    await bench.freeze(inline=[{"id": f"i{n}", "uri": f"s3://photos/{n}"} for n in range(N)])
    return bench


def numbers(start: int, end: int) -> list[int]:
    return [position(at, N) for at in range(start, end)]


async def states(bench: Bench) -> dict[int, str]:
    page = await bench.history.items.page(FOLDER.uid, states=(), after=-1, limit=100)
    return {item.number: item.state for item in page}


async def test_the_first_round_takes_items_in_a_stride(frozen: Bench) -> None:
    placed = await frozen.books.placed(FOLDER, 0, 0, N)
    assert [item.number for item in placed] == numbers(0, N)
    assert sorted(item.number for item in placed) == list(range(N))
    assert [(i.position, i.id, i.uri) for i in placed][:1] == [(0, "i0", "s3://photos/0")]


@pytest.mark.parametrize(("start", "end"), [(3, 3), (-1, 2), (0, 20_000)])
async def test_positions_that_a_round_does_not_have_are_refused(
    frozen: Bench, start: int, end: int
) -> None:
    with pytest.raises(BadRange):
        await frozen.books.placed(FOLDER, 0, start, end)


async def test_nothing_is_known_before_the_manifest_is_frozen(bench: Bench) -> None:
    with pytest.raises(NotFrozen):
        await bench.books.placed(FOLDER, 0, 0, 1)


async def test_a_fold_counts_own_outcomes_and_the_childs_for_the_rest(
    frozen: Bench, chunk: Chunk
) -> None:
    a, b, c, _d = numbers(0, 4)
    stage = await frozen.said(
        "c1",
        {"number": a, "id": "x", "state": "Succeeded", "at": 2.0},
        {"number": b, "id": "x", "state": "Failed", "reason": "Bad", "message": "m", "at": 3.5},
        {"number": c, "id": "x", "state": "Skipped", "reason": "NoAudio", "at": 5.0},
        {"id": "plain item", "state": "Failed"},
    )
    answer = await frozen.books.fold(FOLDER, chunk(stage), None)
    assert (answer.done, answer.failed, answer.skipped, answer.known) == (2, 1, 1, 3)
    assert answer.firstToLastSeconds == 3.0
    assert [(s.id, s.reason, s.message) for s in answer.samples] == [(f"i{b}", "Bad", "m")]
    assert (await states(frozen))[b] == "Failed"


async def test_the_same_fold_again_answers_the_same_and_counts_nothing(
    frozen: Bench, chunk: Chunk
) -> None:
    first = await frozen.books.fold(FOLDER, chunk(), None)
    frozen.restart()
    assert await frozen.books.fold(FOLDER, chunk(outcome="Failed"), None) == first
    assert list((await states(frozen)).values()).count("Done") == 4


async def test_a_fold_that_is_not_final_tells_and_counts_nothing(
    frozen: Bench, chunk: Chunk
) -> None:
    first, second = numbers(0, 2)
    stage = await frozen.said("c1", {"number": first, "state": "Failed"})
    request = chunk(stage, final=False, outcome="Failed")
    answer = await frozen.books.fold(FOLDER, request, second)
    assert (answer.done, answer.failed, answer.known, answer.suspect) == (0, 0, 1, 1)
    assert (await frozen.books.fold(FOLDER, request, first)).suspect is None
    assert (await frozen.books.fold(FOLDER, request, numbers(6, 7)[0])).suspect is None
    assert set((await states(frozen)).values()) == {"Waiting"}
    assert await frozen.store.files(FOLDER.folds) == []


async def test_a_child_that_failed_fails_the_items_that_have_no_outcome(
    frozen: Bench, chunk: Chunk
) -> None:
    request = chunk(outcome="Failed", reason="ImageMissing", message="no such image", count=1)
    answer = await frozen.books.fold(FOLDER, request, None)
    assert (answer.failed, answer.samples[0].reason) == (1, "ImageMissing")


async def test_what_others_have_left_is_not_read(frozen: Bench, chunk: Chunk) -> None:
    stage = await frozen.said("c2", {"number": 0, "state": "Failed"})
    answer = await frozen.books.fold(FOLDER, chunk(stage), None)
    assert (answer.done, answer.known) == (4, 0)


async def test_lines_that_are_broken_say_nothing(frozen: Bench, chunk: Chunk) -> None:
    first = numbers(0, 1)[0]
    stage = await frozen.said("c1", "no object", {"number": "x"}, {"number": first, "state": "?"})
    answer = await frozen.books.fold(FOLDER, chunk(stage), None)
    assert (answer.done, answer.known) == (4, 1)


async def reprocess(
    bench: Bench, number: int = 1, request: str = "ask-1", *, rest: bool = True, **select: object
) -> tuple[int, list[str]]:
    asked = SelectRequest(msgspec.convert(select, Selection), request, rest)
    answer = await bench.books.select(FOLDER, number, asked, dry_run=False)
    return answer.count, answer.unknown


async def test_a_reprocess_takes_exactly_the_failed_ones_and_moves_the_counts(
    frozen: Bench, chunk: Chunk
) -> None:
    bad = numbers(0, 3)[1:]
    stage = await frozen.said("c1", *({"number": n, "state": "Failed"} for n in bad))
    await frozen.books.fold(FOLDER, chunk(stage, count=N), None)
    assert await reprocess(frozen, states=["Failed"]) == (2, [])
    placed = await frozen.books.placed(FOLDER, 1, 0, 2)
    assert [item.number for item in placed] == sorted(bad)
    again = await frozen.said("c9", {"number": min(bad), "state": "Failed"})
    request = chunk(again, round=1, count=2, child="c9")
    answer = await frozen.books.fold(FOLDER, request, None)
    assert (answer.done, answer.failed) == (1, -1)
    page = await frozen.history.items.page(FOLDER.uid, states=("Failed",), after=-1, limit=9)
    assert [(item.number, item.attempts) for item in page] == [(min(bad), 2)]


async def test_a_round_that_is_frozen_stays_as_it_is(frozen: Bench, chunk: Chunk) -> None:
    assert await reprocess(frozen, ids=["i3", "i1", "nobody", "i1"]) == (2, ["nobody"])
    frozen.restart()
    assert await reprocess(frozen, ids=["i5"]) == (2, ["i5"])
    assert [item.id for item in await frozen.books.placed(FOLDER, 1, 0, 2)] == ["i1", "i3"]


async def test_a_preview_writes_nothing(frozen: Bench) -> None:
    asked = SelectRequest(Selection(ids=["i1"]), atRest=True)
    answer = await frozen.books.select(FOLDER, 1, asked, dry_run=True)
    assert answer.count == 1
    with pytest.raises(BadRange):
        await frozen.books.placed(FOLDER, 1, 0, 1)


async def test_another_request_replaces_what_was_chosen_for_a_round(frozen: Bench) -> None:
    assert await reprocess(frozen, states=["Failed"]) == (0, [])
    assert await reprocess(frozen, request="ask-2", ids=["i1"]) == (1, [])


async def test_all_but_the_done_are_the_handled_ones_until_the_batch_is_at_rest(
    frozen: Bench, chunk: Chunk
) -> None:
    stage = await frozen.said("c1", {"number": numbers(0, 1)[0], "state": "Skipped"})
    await frozen.books.fold(FOLDER, chunk(stage), None)
    assert await reprocess(frozen, 1, "a", rest=False, allBut="Done") == (1, [])
    assert await reprocess(frozen, 1, "b", allBut="Done") == (4, [])


async def test_what_a_round_has_chosen_is_not_chosen_again_before_it_ended_there(
    frozen: Bench, chunk: Chunk
) -> None:
    await frozen.books.fold(FOLDER, chunk(outcome="Failed"), None)
    assert await reprocess(frozen, 1, "a", rest=False, states=["Failed"]) == (4, [])
    assert await reprocess(frozen, 2, "b", rest=False, states=["Failed"]) == (0, [])
    again = chunk(round=1, count=1, outcome="Failed", child="c2")
    await frozen.books.fold(FOLDER, again, None)
    assert await reprocess(frozen, 2, "c", rest=False, states=["Failed"]) == (1, [])
    frozen.restart()
    assert await reprocess(frozen, 3, "d", states=["Failed"]) == (4, []), "stopped meanwhile"
    assert await reprocess(frozen, 4, "e", rest=False, states=["Failed"]) == (0, [])


@pytest.mark.parametrize(
    "select", [{}, {"states": ["Bad"]}, {"states": ["Failed"], "ids": ["i1"]}, {"allBut": "x"}]
)
async def test_a_selection_that_cannot_be_says_so(frozen: Bench, select: dict[str, object]) -> None:
    selection = msgspec.convert(select, Selection)
    with pytest.raises(BadRange):
        await frozen.books.select(FOLDER, 1, SelectRequest(selection), dry_run=False)


async def test_the_copy_is_made_anew_from_the_files_where_it_is_lost(
    frozen: Bench, chunk: Chunk
) -> None:
    stage = await frozen.said("c1", {"number": numbers(0, 1)[0], "state": "Failed"})
    await frozen.books.fold(FOLDER, chunk(stage), None)
    await reprocess(frozen, states=["Failed"])
    await frozen.books.fold(FOLDER, chunk(round=1, count=1, child="c2"), None)
    await frozen.books.fold(FOLDER, chunk(start=4, count=3, child="c3"), None)
    wanted = await frozen.history.items.page(FOLDER.uid, states=(), after=-1, limit=99)
    for restarts in (False, True):
        if restarts:
            frozen.history = MemoryHistory()
            frozen.restart()
        else:
            frozen.history.items.copies.clear()
        await frozen.books.facts(FOLDER)
        found = await frozen.history.items.page(FOLDER.uid, states=(), after=-1, limit=99)
        assert found == wanted
        assert await frozen.history.items.folds(FOLDER.uid) == {"r0-0-4-1", "r0-4-3-1", "r1-0-1-1"}


async def test_a_crash_between_file_and_copy_is_made_good(
    frozen: Bench, chunk: Chunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await frozen.books.facts(FOLDER)

    async def crash(*_given: object) -> None:
        raise HistoryUnavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(frozen.history.items, "fold", crash)
        with pytest.raises(HistoryUnavailable):
            await frozen.books.fold(FOLDER, chunk(), None)
    assert set((await states(frozen)).values()) == {"Waiting"}
    frozen.restart()
    await frozen.books.facts(FOLDER)
    assert list((await states(frozen)).values()).count("Done") == 4
    answer = await frozen.books.fold(FOLDER, chunk(), None)
    assert (answer.done, answer.failed) == (4, 0)


async def test_a_file_that_was_not_written_leaves_nothing_counted(
    frozen: Bench, chunk: Chunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object) -> None:
        raise NoSpaceError

    with monkeypatch.context() as patched:
        patched.setattr(fold_files, "write", full)
        with pytest.raises(NoSpaceError):
            await frozen.books.fold(FOLDER, chunk(), None)
    assert set((await states(frozen)).values()) == {"Waiting"}


async def test_a_piece_of_a_chunk_keeps_where_it_is_from(frozen: Bench, chunk: Chunk) -> None:
    request = chunk(start=2, count=1, attempt=2, origin=Range(0, 4))
    await frozen.books.fold(FOLDER, request, None)
    stored = await fold_files.read(frozen.store, FOLDER, "r0-2-1-2")
    assert stored is not None
    assert stored.head.request.origin == Range(0, 4)
    assert stored.lines[0].attempts == 2


async def test_the_ledger_has_every_item_in_the_manifests_order(
    frozen: Bench, chunk: Chunk
) -> None:
    await frozen.books.fold(FOLDER, chunk(), None)
    raw = b"".join([part async for part in frozen.books.ledger(FOLDER)])
    lines = [msgspec.json.decode(line) for line in raw.splitlines()]
    assert [line["number"] for line in lines] == list(range(N))
    assert {line["state"] for line in lines} == {"Done", "Waiting"}
