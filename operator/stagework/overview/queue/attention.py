"""What needs a person: what is stuck, the oldest first, then what has failed, the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stagework.overview.queue.work import Work

MOST_ROWS: Final = 20
"""Of each kind; the whole list of failures has a page of its own."""


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """A piece of work that does not go on by itself."""

    kind: Literal["stuck", "failed"]
    id: str
    title: str
    stage: str
    namespace: str
    run: str
    attempts: int
    max_attempts: int
    """0: not known."""
    seconds: int
    """Since its turn, or since it failed."""
    cause: str


def attention(rows: Iterable[Work], now: datetime) -> tuple[AttentionRow, ...]:
    """A failure leaves as soon as somebody has retried or skipped it."""
    found = list(rows)
    stuck = sorted((w for w in found if w.state == "stuck"), key=lambda w: (_since(w), w.key))
    failed = sorted(
        (w for w in found if w.state == "failed"), key=lambda w: (_since(w), w.key), reverse=True
    )
    return (
        *(_row("stuck", work, now) for work in stuck[:MOST_ROWS]),
        *(_row("failed", work, now) for work in failed[:MOST_ROWS]),
    )


def _since(work: Work) -> datetime:
    return work.ended_at or work.turn_at or work.due_at


def _row(kind: Literal["stuck", "failed"], work: Work, now: datetime) -> AttentionRow:
    return AttentionRow(
        kind=kind,
        id=work.key,
        title=work.title,
        stage=work.stage,
        namespace=work.namespace,
        run=work.run,
        attempts=work.attempt,
        max_attempts=work.max_attempts,
        seconds=max(0, int((now - _since(work)).total_seconds())),
        cause=work.error,
    )
