"""A BatchBook in memory: the twin of the API service's."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stagework.api.batch import FailedSample, FrozenManifest
from stagework.children.chunk_run import Item
from stagework.plans.batch.snapshot import (
    Folded,
    FoldQuestion,
    GivenItems,
    ItemsQuestion,
    ItemsRefused,
    Priors,
    Selected,
    SelectQuestion,
)
from stagework.policies.chunks.stride import position
from stagework.service_client.batches import BatchRef, UnderWay
from stagework.service_client.results import LookupFailed


class Outcome(NamedTuple):
    """What has become of an item."""

    state: str
    reason: str = ""


class Own(NamedTuple):
    """What a chunk's run has left."""

    outcomes: Mapping[int, Outcome]
    """By number."""
    suspect: int | None = None
    """Number of the item that it died on."""


def nothing_left(_items: list[Item], _question: FoldQuestion) -> Own:
    """No item has an outcome of its own."""
    return Own({})


Left = Callable[[list[Item], FoldQuestion], Own]
FoldKey = tuple[int, int, int, int]


@dataclass
class Book:
    """Of one batch."""

    items: list[Item]
    rounds: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    requests: dict[int, tuple[str, bool]] = field(default_factory=dict[int, tuple[str, bool]])
    """Who has asked for a round, and whether the batch was at rest then."""
    folds: dict[FoldKey, Folded] = field(default_factory=dict[FoldKey, Folded])
    truth: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    counted: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    """How often each item of each round was taken in."""
    pending: set[int] = field(default_factory=set[int])
    """Numbers chosen for a round that have not ended in it."""

    def numbers(self, round_number: int, first: int, end: int) -> list[int]:
        """Of the items at these positions."""
        if round_number:
            return self.rounds[round_number][first:end]
        total = len(self.items)
        return [position(turn, total) for turn in range(first, min(end, total))]


class MemoryBook:
    """Keeps the books of all batches; out of reach whenever a test says so."""

    def __init__(self, left: Left = nothing_left, *, freezing: int = 0) -> None:
        """`left`: what runs leave of their items; `freezing`: so often a list is not ready yet."""
        self.left = left
        self.reachable = True
        self.books: dict[str, Book] = {}
        self.priors = Priors()
        self._freezing = freezing

    async def freeze(
        self, batch: BatchRef, name: str, source: Mapping[str, Any]
    ) -> FrozenManifest | UnderWay | ItemsRefused:
        del name
        self._reach()
        if batch.uid not in self.books:
            if self._freezing > 0:
                self._freezing -= 1
                return UnderWay(0)
            items = _items(source)
            if not items:
                return ItemsRefused("EmptyManifest", "the list holds no item")
            self.books[batch.uid] = Book(items)
        return FrozenManifest(total=len(self.books[batch.uid].items), sha256="0" * 64)

    async def select(self, batch: BatchRef, question: SelectQuestion) -> Selected:
        self._reach()
        book, number = self.books[batch.uid], question.round
        request, at_rest = book.requests.get(number, ("", False))
        if request == question.request and at_rest >= question.at_rest:
            return Selected(len(book.rounds[number]), self._unknown(book, question))
        if question.at_rest:
            book.pending.clear()
        chosen = [n for n in range(len(book.items)) if self._is_chosen(book, n, question)]
        book.requests[number] = (question.request, question.at_rest)
        book.rounds[number] = chosen
        book.pending.update(chosen)
        return Selected(len(chosen), self._unknown(book, question))

    async def items(self, batch: BatchRef, question: ItemsQuestion) -> GivenItems:
        self._reach()
        book = self.books[batch.uid]
        numbers = book.numbers(question.round, question.first, question.end)
        return GivenItems(tuple(book.items[number] for number in numbers))

    async def fold(self, batch: BatchRef, question: FoldQuestion) -> Folded:
        self._reach()
        book, q = self.books[batch.uid], question
        key = (q.round, q.start, q.count, q.attempt)
        if key in book.folds:
            return book.folds[key]
        numbers = book.numbers(q.round, q.start, q.start + q.count)
        own = self.left([book.items[number] for number in numbers], q)
        known = sum(number in own.outcomes for number in numbers)
        suspect = None
        if own.suspect is not None and own.suspect in numbers:
            suspect = q.start + numbers.index(own.suspect)
        if not q.final:
            return Folded(0, 0, 0, known, suspect)
        if q.dropped:
            folded = Folded(0, 0, 0, 0, outcome="Dropped")
        else:
            folded = self._take_in(book, q, numbers, own, known)
        book.folds[key] = folded
        return folded

    async def history(self, batch: BatchRef, pipeline: str, revision: str) -> Priors:
        del batch, pipeline, revision
        self._reach()
        return self.priors

    def _take_in(
        self, book: Book, q: FoldQuestion, numbers: list[int], own: Own, known: int
    ) -> Folded:
        otherwise = Outcome("Done") if q.succeeded else Outcome("Failed", q.reason)
        changes: Counter[str] = Counter()
        samples: list[FailedSample] = []
        for number in numbers:
            before, now = book.truth.get(number), own.outcomes.get(number, otherwise)
            if before is not None:
                changes[before.state] -= 1
            changes[now.state] += 1
            book.truth[number] = now
            book.counted[q.round, number] += 1
            book.pending.discard(number)
            if now.state == "Failed":
                samples.append(FailedSample(id=book.items[number].id, reason=now.reason))
        done, failed, skipped = (changes[state] for state in ("Done", "Failed", "Skipped"))
        said = "Succeeded" if q.succeeded else "Failed"
        return Folded(done, failed, skipped, known, samples=tuple(samples[:5]), outcome=said)

    def _is_chosen(self, book: Book, number: int, question: SelectQuestion) -> bool:
        before = book.truth.get(number)
        if number in book.pending or (before is None and not question.at_rest):
            return False
        if question.ids:
            return book.items[number].id in question.ids
        if question.all_but:
            return before is None or before.state != question.all_but
        return before is not None and before.state in question.states

    def _unknown(self, book: Book, question: SelectQuestion) -> tuple[str, ...]:
        chosen = {book.items[number].id for number in book.rounds[question.round]}
        return tuple(name for name in question.ids if name not in chosen)

    def _reach(self) -> None:
        if not self.reachable:
            raise LookupFailed("made unreachable by a test")


def _items(source: Mapping[str, Any]) -> list[Item]:
    given: list[dict[str, Any]] | None = source.get("inline")
    if given is None:
        lines = str(source.get("configMap", "")).splitlines()
        given = [{"uri": line} for line in lines if line.strip()]
    return [
        Item(
            number,
            one.get("id") or one.get("uri") or str(number),
            one.get("uri") or "",
            one.get("params") or {},
        )
        for number, one in enumerate(given)
    ]
