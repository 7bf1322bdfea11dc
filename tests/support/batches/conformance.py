"""What every BatchBook does: the twin in memory, and the API service's.

A subclass gives `book` (empty, or used by other tests) and `batch` (one that the book has not seen,
whose run of each chunk is there as far as the book wants to see it).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stagework.api.batch import FrozenManifest
from stagework.plans.batch.snapshot import (
    FoldQuestion,
    ItemsQuestion,
    ItemsRefused,
    SelectQuestion,
)
from stagework.policies.chunks.stride import position
from stagework.service_client.batches import BatchBook, BatchRef, UnderWay

TOTAL = 20


def inline(total: int) -> Mapping[str, Any]:
    """A list of so many items."""
    return {"inline": [{"id": f"i{number}", "uri": f"s3://b/{number}"} for number in range(total)]}


def fold(start: int, count: int, *, of_round: int = 0, **changes: Any) -> FoldQuestion:
    """A chunk that ended well, and of whose items nothing is known."""
    fields: dict[str, Any] = {
        "attempt": 1,
        "whole": (start, count),
        "final": True,
        "child": (f"run-{of_round}-{start}", f"uid-{of_round}-{start}"),
        "succeeded": True,
        **changes,
    }
    return FoldQuestion(of_round, start, count, **fields)


class BookConformance:
    """One test for each promise."""

    async def frozen(self, book: BatchBook, batch: BatchRef, total: int = TOTAL) -> FrozenManifest:
        while True:
            answer = await book.freeze(batch, "many", inline(total))
            if not isinstance(answer, UnderWay):
                assert isinstance(answer, FrozenManifest)
                return answer

    async def test_a_list_is_frozen_once(self, book: BatchBook, batch: BatchRef) -> None:
        first = await self.frozen(book, batch)
        assert first.total == TOTAL
        assert first.sha256
        assert await self.frozen(book, batch, total=3) == first

    async def test_an_empty_one_is_refused(self, book: BatchBook, batch: BatchRef) -> None:
        refused = await book.freeze(batch, "many", {"inline": []})
        assert isinstance(refused, ItemsRefused)
        assert refused.reason == "EmptyManifest"

    async def test_the_first_round_is_in_the_stride(self, book: BatchBook, batch: BatchRef) -> None:
        await self.frozen(book, batch)
        given = await book.items(batch, ItemsQuestion(0, 5, 9))
        numbers = [item.number for item in given.items]
        assert numbers == [position(turn, TOTAL) for turn in range(5, 9)]
        assert given.items[0].id == f"i{numbers[0]}"
        assert given.items[0].uri == f"s3://b/{numbers[0]}"

    async def test_beyond_the_end_there_is_nothing(self, book: BatchBook, batch: BatchRef) -> None:
        await self.frozen(book, batch)
        assert len((await book.items(batch, ItemsQuestion(0, 16, 80))).items) == 4

    async def test_a_chunk_is_taken_in_once(self, book: BatchBook, batch: BatchRef) -> None:
        await self.frozen(book, batch)
        first = await book.fold(batch, fold(0, 5))
        assert (first.done, first.failed, first.skipped) == (5, 0, 0)
        again = await book.fold(batch, fold(0, 5, succeeded=False, reason="NonZeroExit"))
        assert again == first

    async def test_what_is_not_final_is_not_taken_in(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        lost: dict[str, Any] = {"succeeded": False, "reason": "NonZeroExit"}
        asked = await book.fold(batch, fold(0, 5, final=False, **lost))
        assert (asked.done, asked.failed, asked.skipped, asked.known) == (0, 0, 0, 0)
        counted = await book.fold(batch, fold(0, 5, **lost))
        assert (counted.done, counted.failed) == (0, 5)
        assert {sample.reason for sample in counted.samples} == {"NonZeroExit"}
        assert len(counted.samples) <= 5

    async def test_what_was_dropped_counts_for_nothing_whatever_comes_later(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        dropped = replace(fold(0, 5), child=("", ""), succeeded=False, dropped=True)
        assert (await book.fold(batch, dropped)).dropped
        late = await book.fold(batch, fold(0, 5))
        assert (late.dropped, late.done, late.failed) == (True, 0, 0)
        again = await book.fold(batch, replace(fold(0, 5), attempt=2))
        assert (again.outcome, again.done) == ("Succeeded", 5)

    async def test_what_was_counted_is_not_dropped_and_says_so(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, 5, succeeded=False, reason="ExitCode"))
        late = await book.fold(batch, replace(fold(0, 5), succeeded=False, dropped=True))
        assert (late.outcome, late.done, late.failed) == ("Failed", 0, 5)

    async def test_only_the_failed_are_chosen_and_made_good(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, 15))
        await book.fold(batch, fold(15, 5, succeeded=False, reason="NonZeroExit"))
        question = SelectQuestion(1, "request-1", states=("Failed",), at_rest=True)
        assert (await book.select(batch, question)).count == 5
        assert (await book.select(batch, question)).count == 5
        folded = await book.fold(batch, fold(0, 5, of_round=1))
        assert (folded.done, folded.failed) == (5, -5)

    async def test_what_waits_already_is_not_chosen_twice(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, 5, succeeded=False, reason="NonZeroExit"))
        first = SelectQuestion(1, "request-1", states=("Failed",))
        assert (await book.select(batch, first)).count == 5
        second = SelectQuestion(2, "request-2", states=("Failed",))
        assert (await book.select(batch, second)).count == 0

    async def test_while_it_runs_what_has_not_ended_is_not_chosen(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, 5))
        rest = SelectQuestion(1, "request-1", all_but="Done")
        assert (await book.select(batch, rest)).count == 0
        stopped = SelectQuestion(1, "request-2", all_but="Done", at_rest=True)
        assert (await book.select(batch, stopped)).count == TOTAL - 5

    async def test_a_request_that_had_to_wait_for_the_end_chooses_what_is_left_then(
        self, book: BatchBook, batch: BatchRef
    ) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, 5))
        early = SelectQuestion(1, "request-1", all_but="Done")
        assert (await book.select(batch, early)).count == 0
        late = replace(early, at_rest=True)
        assert (await book.select(batch, late)).count == TOTAL - 5
        assert (await book.select(batch, early)).count == TOTAL - 5, "it does not go back"

    async def test_ids_named_in_vain_are_said(self, book: BatchBook, batch: BatchRef) -> None:
        await self.frozen(book, batch)
        await book.fold(batch, fold(0, TOTAL))
        chosen = await book.select(batch, SelectQuestion(1, "request-1", ids=("i3", "nobody")))
        assert (chosen.count, chosen.unknown) == (1, ("nobody",))
