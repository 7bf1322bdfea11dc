"""The list of what has failed: what a person may retry or skip."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.overview.queue.order import stage_order
from stagework.overview.queue.places import Places
from stagework.overview.queue.work import Work

MOST_FAILED: Final = 300


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A stage that has failed for good."""

    id: str
    """`run uid/stage/attempt`."""
    stage: str
    document_id: str
    attempts: int
    max_attempts: int
    """0: not known."""
    error_message: str
    failed_at: datetime | None
    title: str
    namespace: str
    run: str


def failed_items(rows: Iterable[Work], places: Places) -> tuple[FailedItem, ...]:
    """The newest 300, by stage in the board's order, in each stage the newest first."""
    failed = [work for work in rows if work.state == "failed"]
    failed.sort(key=lambda work: (_ended(work), work.key), reverse=True)
    newest = failed[:MOST_FAILED]
    order = {stage: place for place, stage in enumerate(stage_order(failed, places))}
    newest.sort(key=lambda work: order[work.stage])
    return tuple(
        FailedItem(
            id=work.key,
            stage=work.stage,
            document_id=work.document_id,
            attempts=work.attempt,
            max_attempts=work.max_attempts,
            error_message=work.error,
            failed_at=work.ended_at,
            title=work.title,
            namespace=work.namespace,
            run=work.run,
        )
        for work in newest
    )


def _ended(work: Work) -> datetime:
    return work.ended_at or work.created_at
