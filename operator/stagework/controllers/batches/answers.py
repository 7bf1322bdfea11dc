"""Who answers what the plan of a batch asks: the API service, which keeps the book; or we.

Whoever cannot say now is an answer of its own, so that the batch can say what it waits for.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from stagework.api.batch import Batch
from stagework.api.resources import ObjectRef
from stagework.cluster.client.errors import ApiError
from stagework.controllers.batches.sources import SourceAbsent, Sources
from stagework.plans.batch.snapshot import (
    EtaAnswer,
    EtaQuestion,
    FoldQuestion,
    FreezeQuestion,
    Freezing,
    HistoryQuestion,
    ItemsQuestion,
    SelectQuestion,
    SourceMissing,
    Unavailable,
)
from stagework.plans.plan import Question
from stagework.policies.chunks.batch_eta import batch_eta
from stagework.service_client.batches import BatchBook, BatchRef, UnderWay
from stagework.service_client.results import LookupFailed

log = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""Requests about batches that are under way at the same time."""


@dataclass
class BatchAnswers:
    """All that can be asked."""

    book: BatchBook
    sources: Sources
    wall_clock: Callable[[], datetime]

    def __post_init__(self) -> None:
        """Requests queue for their turn."""
        self._places = asyncio.Semaphore(AT_ONCE)

    async def answer(self, about: ObjectRef, batch: Batch, question: Question) -> Any:
        """Ask whoever knows."""
        if isinstance(question, EtaQuestion):
            # Beside the decisions: two hundred replicates are played. No secret depends on chance.
            draws = Random(question.seed)  # noqa: S311
            eta = await asyncio.to_thread(batch_eta, question.view, draws)
            return EtaAnswer(question.mark, eta)
        try:
            async with self._places:
                return await self._asked(BatchRef(about.namespace, about.uid), batch, question)
        except SourceAbsent as error:
            return SourceMissing(str(error), self.wall_clock())
        except (LookupFailed, ApiError) as error:
            log.warning("%s/%s: %s", about.namespace, about.name, error)
            return Unavailable(str(error), self.wall_clock())

    async def _asked(self, ref: BatchRef, batch: Batch, question: Question) -> Any:
        match question:
            case FreezeQuestion():
                source = await self.sources.of(batch)
                frozen = await self.book.freeze(ref, batch.metadata.name, source)
                if isinstance(frozen, UnderWay):
                    return Freezing(frozen.items, self.wall_clock())
                return frozen
            case SelectQuestion():
                return await self.book.select(ref, question)
            case ItemsQuestion():
                return await self.book.items(ref, question)
            case FoldQuestion():
                return await self.book.fold(ref, question)
            case HistoryQuestion(pipeline, revision):
                return await self.book.history(ref, pipeline, revision)
            case _:
                raise TypeError(f"nobody answers {question}")
