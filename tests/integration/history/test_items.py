"""The copy of batches' items: one behaviour in memory, in SQLite and in PostgreSQL."""

import pytest

from stagework.api.batch_book import DONE, FAILED, SKIPPED, WAITING, Item, LedgerLine
from stagework.history.items import Folded, Items, KnownBatch, Standing
from stagework.history.store import History

SHA = "a" * 64
ITEMS = [
    Item("a.png", f"artifact://team/uploads/{SHA}/a.png"),
    Item("b", "s3://photos/b.png", {"prompt": "summer"}),
    Item("신발", "", {"prompt": "겨울"}),
    Item("d", "https://example.org/d"),
]


@pytest.fixture
async def items(history: History) -> Items:
    """With one whole batch, `one`."""
    made = history.items
    await made.begin("one", "team", "photos")
    await made.add("one", 0, ITEMS[:2])
    await made.add("one", 2, ITEMS[2:])
    await made.complete("one", 4)
    return made


def folded(number: int = 0, attempt: int = 1, child: str = "child-1") -> Folded:
    name = f"r{number}-0-4-{attempt}"
    return Folded(name, number, attempt, f"r{number}-0-4", child, "2026-11-30T12:00:00Z")


def line(number: int, state: str = DONE, **more: object) -> LedgerLine:
    return LedgerLine(number, ITEMS[number].id, state, **more)  # type: ignore[arg-type]


async def test_what_was_added_is_there_by_number_and_by_id(items: Items) -> None:
    assert await items.known("one") == KnownBatch("one", "team", "photos", 4, whole=True)
    assert await items.of_numbers("one", [0, 2, 9]) == {0: ITEMS[0], 2: ITEMS[2]}
    assert await items.numbers_of_ids("one", ["신발", "d", "nobody"]) == {"신발": 2, "d": 3}


async def test_an_unknown_batch_has_nothing(items: Items) -> None:
    assert await items.known("two") is None
    assert await items.of_numbers("two", [0]) == {}
    assert await items.folds("two") == frozenset()
    assert await items.page("two", states=(), after=-1, limit=9) == []


async def test_a_copy_that_is_begun_is_not_whole_and_can_be_begun_again(history: History) -> None:
    for _ in range(2):
        await history.items.begin("two", "team", "other")
        await history.items.add("two", 0, ITEMS)
    assert await history.items.known("two") == KnownBatch("two", "team", "other", 0, whole=False)


async def test_a_fold_says_what_became_of_items(items: Items) -> None:
    lines = [
        line(0, seconds=1.5, machine="gpu", outputs=["artifact://team/x/"], attempts=2),
        line(1, FAILED, reason="BadPicture", message="it is cut off"),
        line(2, SKIPPED),
    ]
    await items.fold("one", folded(), lines)
    assert await items.numbers("one", [DONE, WAITING]) == [0, 3]
    assert await items.standings("one", [0, 3]) == {
        0: Standing(DONE, 2, 0),
        3: Standing(WAITING, 0),
    }
    page = await items.page("one", states=(), after=-1, limit=2)
    assert [(one.id, one.state, one.chunk) for one in page] == [
        ("a.png", DONE, "r0-0-4"),
        ("b", FAILED, "r0-0-4"),
    ]
    assert (page[0].seconds, page[0].machine, page[0].outputs) == (
        1.5,
        "gpu",
        ["artifact://team/x/"],
    )
    assert (page[1].reason, page[1].message, page[1].uri) == (
        "BadPicture",
        "it is cut off",
        "s3://photos/b.png",
    )
    assert page[0].ended == "2026-11-30T12:00:00Z"


async def test_pages_follow_the_numbers_and_can_ask_for_states(items: Items) -> None:
    await items.fold("one", folded(), [line(1, FAILED), line(3, FAILED), line(0)])
    failed = await items.page("one", states=(FAILED,), after=-1, limit=1)
    assert [one.number for one in failed] == [1]
    behind = await items.page("one", states=(FAILED, WAITING), after=1, limit=9)
    assert [one.number for one in behind] == [2, 3]


async def test_the_same_fold_again_changes_nothing(items: Items) -> None:
    for _ in range(2):
        await items.fold("one", folded(), [line(0), line(1, FAILED)])
    assert await items.folds("one") == {"r0-0-4-1"}
    assert await items.numbers("one", [FAILED]) == [1]


async def test_a_later_round_wins_in_whatever_order_they_come(items: Items) -> None:
    await items.fold("one", folded(1), [line(1, DONE, attempts=2)])
    await items.fold("one", folded(0, attempt=3), [line(1, FAILED)])
    assert await items.standings("one", [1]) == {1: Standing(DONE, 2, 1)}
    await items.fold("one", folded(2), [line(1, FAILED, attempts=3)])
    assert await items.standings("one", [1]) == {1: Standing(FAILED, 3, 2)}


async def test_a_later_attempt_of_a_round_wins_in_whatever_order_they_come(items: Items) -> None:
    await items.fold("one", folded(0, attempt=2), [line(1, DONE)])
    await items.fold("one", folded(0, attempt=1), [line(1, FAILED)])
    assert await items.standings("one", [1]) == {1: Standing(DONE, 1, 0)}


async def test_uploads_and_children_that_are_named_are_known(items: Items) -> None:
    await items.fold("one", folded(child="child-7"), [line(0)])
    assert await items.uploads_named([SHA, "b" * 64]) == {SHA}
    assert await items.children_named(["child-7", "child-8"]) == {"child-7"}
    assert await items.uploads_named([]) == frozenset()
    assert await items.has_child("one", "child-7")
    assert not await items.has_child("one", "child-8")
    assert not await items.has_child("two", "child-7")


async def test_a_batch_is_forgotten_a_few_rows_at_a_time(items: Items) -> None:
    await items.fold("one", folded(), [line(0)])
    await items.begin("two", "team", "other")
    counted = 0
    while rows := await items.forget("one", 3):
        assert rows <= 3
        counted += rows
    assert counted == 4 + 1 + 1
    assert await items.known("one") is None
    assert await items.known("two") is not None
