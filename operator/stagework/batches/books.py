"""The books of all batches: items, rounds, and what became of each item.

1. What is to count is written as a file first, once and whole; then the copy in history's tables.
2. The copy is made when a batch is first asked about, and made anew where it is lost. Once in the
   life of this process the folds of a batch are compared with its files: a crash between the two
   has left a file of which the copy knows nothing.
3. Questions about one batch come one after the other, so that what a fold changed is what it says.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from msgspec import structs

from stagework.api.batch_book import (
    DROPPED,
    FAILED,
    HANDLED,
    STATES,
    SUCCEEDED,
    WAITING,
    FoldAnswer,
    FoldHead,
    FoldRequest,
    Item,
    LedgerLine,
    ManifestFacts,
    PlacedItem,
    Sample,
    SelectAnswer,
    Selection,
    SelectRequest,
)
from stagework.api.text import reason_word
from stagework.artifacts.store import Store
from stagework.batches import fold_files
from stagework.batches.copying import Copies
from stagework.batches.errors import BadRange
from stagework.batches.fold_files import Fold
from stagework.batches.layout import BatchFolder
from stagework.batches.rounds import Rounds
from stagework.history.items import Items, Standing
from stagework.policies.item_outcomes import EndedRun, ItemResult, first_to_last_seconds, results

SAMPLES: Final = 5
"""Failed items that an answer names."""
PAGE: Final = 1000
"""Items read at once where all are."""


class Books:
    """One for the whole service."""

    def __init__(self, store: Store, items: Items) -> None:
        self._store = store
        self._items = items
        self._rounds = Rounds(store)
        self._copies = Copies(store, items)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def facts(self, folder: BatchFolder) -> ManifestFacts:
        """Of the manifest, its items being there to be asked for; raises NotFrozen."""
        async with self._turn(folder):
            return await self._copies.ensure(folder)

    async def placed(
        self, folder: BatchFolder, round_number: int, start: int, end: int
    ) -> list[PlacedItem]:
        """The items at these positions, `end` not included, as many as there are; raises BadRange
        and NotFrozen.
        """
        facts = await self.facts(folder)
        numbers = await self._rounds.numbers(folder, facts.total, round_number, start, end)
        items = await self._items.of_numbers(folder.uid, numbers)
        return [_placed(position, number, items) for position, number in enumerate(numbers, start)]

    async def select(
        self, folder: BatchFolder, round_number: int, asked: SelectRequest, *, dry_run: bool
    ) -> SelectAnswer:
        """Freeze a later round, once for each request. Raises BadRange, NotFrozen.

        What was chosen for an earlier round and has not ended in it is not chosen again; unless the
        batch is at rest, neither is what never ended.
        """
        async with self._turn(folder):
            await self._copies.ensure(folder)
            ids = asked.select.ids
            frozen = await self._rounds.frozen(folder, round_number)
            # One that waited for a Stop may choose more than when it was asked first.
            same = frozen is not None and frozen.request == asked.request
            if frozen is not None and same and frozen.at_rest >= asked.atRest and not dry_run:
                return SelectAnswer(
                    len(frozen.numbers),
                    await _in_vain(self._items, folder.uid, ids, frozen.numbers),
                )
            numbers = await self._selected(folder, round_number, asked)
            if not dry_run:
                await self._rounds.freeze(
                    folder, round_number, numbers, request=asked.request, at_rest=asked.atRest
                )
            return SelectAnswer(len(numbers), await _in_vain(self._items, folder.uid, ids, numbers))

    async def fold(
        self, folder: BatchFolder, request: FoldRequest, last_heard: int | None
    ) -> FoldAnswer:
        """Count what became of a chunk, once; `last_heard`: the item that its Pod last named.

        One that is dropped is counted no more: what comes later under its name changes nothing.
        What was counted before stays, and is answered.
        """
        async with self._turn(folder):
            facts = await self._copies.ensure(folder)
            written = await fold_files.read(self._store, folder, request.name)
            if written is not None and request.final:
                await self._copies.apply(folder, written)
                return _answered(written)
            end = request.start + request.count
            numbers = await self._rounds.numbers(
                folder, facts.total, request.round, request.start, end
            )
            if len(numbers) < request.count:
                raise BadRange(f"round {request.round} has no {request.count} items there")
            fold = await self._made(folder, request, numbers, last_heard)
            if request.final:
                await fold_files.write(self._store, folder, fold)
                await self._copies.apply(folder, fold)
            return _answered(fold)

    async def ledger(self, folder: BatchFolder) -> AsyncIterator[bytes]:
        """Every item as a line of JSON, in the manifest's order."""
        after = -1
        while page := await self._items.page(folder.uid, states=(), after=after, limit=PAGE):
            yield b"".join(msgspec.json.encode(item) + b"\n" for item in page)
            after = page[-1].number

    def _turn(self, folder: BatchFolder) -> asyncio.Lock:
        return self._turns.setdefault(folder.uid, asyncio.Lock())

    async def _selected(
        self, folder: BatchFolder, round_number: int, asked: SelectRequest
    ) -> list[int]:
        numbers = await self._wanted(folder.uid, asked.select)
        if asked.atRest:
            return numbers
        waiting = set(await self._items.numbers(folder.uid, [WAITING]))
        async for number, earlier in self._rounds.before(folder, round_number):
            waiting.update(await self._unended(folder.uid, number, earlier.numbers))
        return [number for number in numbers if number not in waiting]

    async def _wanted(self, uid: str, selection: Selection) -> list[int]:
        given = (selection.states, selection.ids, selection.allBut)
        if sum(one is not None for one in given) != 1:
            raise BadRange("give exactly one of states, ids and allBut")
        if selection.ids is not None:
            return sorted((await self._items.numbers_of_ids(uid, selection.ids)).values())
        states = selection.states or [s for s in STATES if s != selection.allBut]
        unknown = sorted({*states, *filter(None, [selection.allBut])} - set(STATES))
        if unknown:
            raise BadRange(f"{unknown[0][:60]!r} is no state: {', '.join(STATES)}")
        return await self._items.numbers(uid, states)

    async def _unended(self, uid: str, round_number: int, numbers: Sequence[int]) -> list[int]:
        """Of these items of a round those that have not ended in it."""
        unended: list[int] = []
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            standings = await self._items.standings(uid, page)
            unended += [n for n, standing in standings.items() if standing.round < round_number]
        return unended

    async def _made(
        self,
        folder: BatchFolder,
        request: FoldRequest,
        numbers: Sequence[int],
        last_heard: int | None,
    ) -> Fold:
        if request.outcome == DROPPED:
            return Fold(FoldHead(request, FoldAnswer()), [])
        stages = await fold_files.ended_stages(self._store, folder.namespace, request)
        reason = reason_word(request.reason) or "ChunkFailed"
        run = EndedRun(request.outcome == SUCCEEDED, reason, request.message, stages)
        found = results(numbers, run)
        items = await self._items.of_numbers(folder.uid, numbers)
        before = await self._items.standings(folder.uid, numbers)
        lines = [_line(result, items, before, request.attempt) for result in found]
        own = {result.number for result in found if result.own}
        suspect = None
        if last_heard is not None and last_heard in numbers and last_heard not in own:
            suspect = request.start + numbers.index(last_heard)
        answer = FoldAnswer(
            known=len(own),
            suspect=suspect,
            firstToLastSeconds=first_to_last_seconds(stages),
            samples=_samples(lines),
        )
        if request.final:
            answer = structs.replace(answer, **_changes(lines, before))
        return Fold(FoldHead(request, answer), lines)


async def _in_vain(
    items: Items, uid: str, ids: Sequence[str] | None, chosen: Sequence[int]
) -> list[str]:
    wanted = list(dict.fromkeys(ids or ()))
    if not wanted:
        return []
    found, numbers = await items.numbers_of_ids(uid, wanted), set(chosen)
    return [one for one in wanted if found.get(one) not in numbers]


def _answered(fold: Fold) -> FoldAnswer:
    """Of a file of an earlier release, too."""
    request = fold.head.request
    return structs.replace(fold.head.answer, outcome=request.outcome if request.final else "")


def _placed(position: int, number: int, items: Mapping[int, Item]) -> PlacedItem:
    item = items[number]
    return PlacedItem(position, number, item.id, item.uri, item.params)


def _line(
    result: ItemResult,
    items: Mapping[int, Item],
    before: Mapping[int, Standing],
    attempt: int,
) -> LedgerLine:
    return LedgerLine(
        number=result.number,
        id=items[result.number].id,
        state=result.state,
        reason=result.reason,
        message=result.message,
        attempts=before[result.number].attempts + attempt,
        machine=result.machine,
        seconds=result.seconds,
        outputs=list(result.outputs),
    )


def _samples(lines: Sequence[LedgerLine]) -> list[Sample]:
    failed = [Sample(line.id, line.reason, line.message) for line in lines if line.state == FAILED]
    return failed[:SAMPLES]


def _changes(lines: Sequence[LedgerLine], before: Mapping[int, Standing]) -> dict[str, int]:
    """Items in each state, less those that were in it before."""
    changes: dict[str, int] = dict.fromkeys(HANDLED, 0)
    for line in lines:
        was = before[line.number].state
        if was in changes:
            changes[was] -= 1
        changes[line.state] += 1
    return {state.lower(): number for state, number in changes.items()}
