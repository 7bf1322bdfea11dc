"""The board and the failed list in the shape of the old system, from the same numbers."""

from collections.abc import Iterable
from dataclasses import asdict

from stagework.api.old_queue import (
    OldBackgroundJob,
    OldCurrent,
    OldEta,
    OldFailed,
    OldFailedList,
    OldHour,
    OldMachine,
    OldOverview,
    OldShare,
    OldStage,
    OldTotals,
)
from stagework.overview.queue.board import Board, PoolNumbers
from stagework.overview.queue.cards import MachineCard
from stagework.overview.queue.failed import FailedItem


def old_overview(board: Board) -> OldOverview:
    """The answer of `GET /api/queue/overview`."""
    pool = _pool(board)
    return OldOverview(
        machines=[_machine(card) for card in board.machines],
        stages=[
            OldStage(
                stage=row.stage,
                pending=row.pending,
                processing=row.processing,
                failed=row.failed,
                done_1h=row.done_1h,
                created_1h=row.created_1h,
                done_today=row.done_today,
                oldest_pending_age_sec=row.oldest_pending_age_sec,
            )
            for row in board.stages
        ],
        summarize_eta=_eta(pool),
        summarize_by_machine={
            share.machine: OldShare(done_1h=share.done_1h, done_today=share.done_today)
            for share in (pool.by_machine if pool is not None else ())
        },
        trend_24h=[
            OldHour(hour=hour.hour, inflow=hour.inflow, done=hour.done)
            for hour in (pool.trend_24h if pool is not None else board.trend_24h)
        ],
        totals=OldTotals(
            pending=board.totals.pending,
            processing=board.totals.processing,
            failed=board.totals.failed,
        ),
        background_jobs=[
            OldBackgroundJob.model_validate(asdict(row) | {"error": row.error or None})
            for row in board.background_jobs
        ],
    )


def old_failed(items: Iterable[FailedItem]) -> OldFailedList:
    """The answer of `GET /api/queue/failed`."""
    return OldFailedList(
        items=[
            OldFailed(
                id=item.id,
                stage=item.stage,
                document_id=item.document_id,
                attempts=item.attempts,
                max_attempts=item.max_attempts or None,
                error_message=item.error_message,
                failed_at=item.failed_at,
                title=item.title,
            )
            for item in items
        ]
    )


def _pool(board: Board) -> PoolNumbers | None:
    """The old board had one pool: the first of the settings."""
    return next(iter(board.pools), None)


def _eta(pool: PoolNumbers | None) -> OldEta:
    if pool is None:
        return OldEta(pending=0, done_rate_1h=0, inflow_rate_1h=0, eta_minutes=0.0)
    return OldEta(
        pending=pool.eta.pending,
        done_rate_1h=pool.eta.done_rate_1h,
        inflow_rate_1h=pool.eta.inflow_rate_1h,
        eta_minutes=pool.eta.eta_minutes,
    )


def _machine(card: MachineCard) -> OldMachine:
    return OldMachine(
        key=card.key,
        label=card.label,
        state=card.state,
        stages=list(card.stages),
        pending=card.pending,
        processing=card.processing,
        failed=card.failed,
        done_1h=card.done_1h,
        done_today=card.done_today,
        deferred_pending=card.deferred_pending,
        current=[
            OldCurrent(document_id=one.document_id, title=one.title, stage=one.stage)
            for one in card.current
        ],
    )
