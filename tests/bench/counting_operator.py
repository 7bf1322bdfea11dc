"""The operator of `bench batch` as a process: `python -m tests.bench.counting_operator ITEMS`.

Everything is as in a cluster but for the API service: its book of items is a byte an item, which
counts how often each was taken in; every thousandth fails. Ended by SIGTERM it prints what it has
counted, as JSON.
"""

import asyncio
import gc
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import uvloop
from prometheus_client import CollectorRegistry

from stagework.api.batch import FailedSample, FrozenManifest
from stagework.api.facts import AnyFact
from stagework.controllers.runtime import Build, Runtime
from stagework.plans.batch.snapshot import (
    Folded,
    FoldQuestion,
    GivenItems,
    ItemsQuestion,
    Priors,
    Selected,
    SelectQuestion,
)
from stagework.policies.chunks.stride import position
from stagework.service_client.batches import BatchRef
from stagework.service_client.results import LookupFailed
from stagework.settings import load

BAD_EVERY: Final = 1000
_NONE_FAILS: Final = "no item is asked for, and none again"


class CountingBook:
    """A BatchBook of one batch."""

    def __init__(self, items: int) -> None:
        self._taken = bytearray(items)
        self._folds: dict[tuple[int, int], Folded] = {}

    def counted(self) -> dict[str, int]:
        """Items that were taken in once, never and more than once; and those that failed."""
        times = Counter(self._taken)
        failed = sum(fold.failed for fold in self._folds.values())
        once, never = times.pop(1, 0), times.pop(0, 0)
        return {"once": once, "never": never, "more": times.total(), "failed": failed}

    async def freeze(self, batch: BatchRef, name: str, source: Mapping[str, Any]) -> FrozenManifest:
        """There is one list."""
        del batch, name, source
        return FrozenManifest(total=len(self._taken), sha256="0" * 64)

    async def select(self, batch: BatchRef, question: SelectQuestion) -> Selected:
        """Nobody asks for another round."""
        del batch, question
        raise LookupFailed(_NONE_FAILS)

    async def items(self, batch: BatchRef, question: ItemsQuestion) -> GivenItems:
        """Chunks have more than one item."""
        del batch, question
        raise LookupFailed(_NONE_FAILS)

    async def fold(self, batch: BatchRef, question: FoldQuestion) -> Folded:
        """Take a chunk in, once."""
        del batch
        key = (question.start, question.count)
        if key not in self._folds:
            total = len(self._taken)
            turns = range(question.start, question.start + question.count)
            numbers = [position(turn, total) for turn in turns]
            for number in numbers:
                self._taken[number] += 1
            bad = [number for number in numbers if number % BAD_EVERY == BAD_EVERY - 1]
            samples = tuple(FailedSample(id=f"i{number}", reason="Bad") for number in bad[:5])
            good, known = len(numbers) - len(bad), len(numbers)
            self._folds[key] = Folded(
                good, len(bad), 0, known, samples=samples, outcome="Succeeded"
            )
        return self._folds[key]

    async def history(self, batch: BatchRef, pipeline: str, revision: str) -> Priors:
        """There was no batch before."""
        del batch, pipeline, revision
        return Priors()


class NoHistory:
    """A FactStore that keeps nothing."""

    async def post(self, facts: Sequence[AnyFact]) -> None:
        """All is well with them."""
        del facts


async def _main(items: int) -> None:
    book = CountingBook(items)
    build = Build(book=book, facts=NoHistory(), watched_by_kopf=())
    runtime = Runtime(load(), CollectorRegistry(), build)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as the operator's own entry point does
    running = asyncio.create_task(runtime.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        sys.stdout.write(f"{orjson.dumps(book.counted()).decode()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
