"""A board that stays small, whatever people call their runs and however many machines there are.

Where the whole is too large, texts lose their middles first and lists their ends with them, step by
step: numbers and totals stay, and so do names and ids, for what is cut of those finds nothing. Of
stages those that have something to say stay before those that have not, in their order.
"""

from dataclasses import dataclass, replace
from typing import Final

from stagework.api.text import shortened
from stagework.overview.queue.attention import AttentionRow
from stagework.overview.queue.background import BackgroundRow
from stagework.overview.queue.board import Board
from stagework.overview.queue.cards import MachineCard
from stagework.overview.queue.document import size
from stagework.overview.queue.stage_rows import StageNumbers

MOST_BYTES: Final = 49_000
"""Of the board as JSON: a little below what readers are promised."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of everything there is room for."""

    text_bytes: int
    """Of each title, cause and error."""
    rows: int
    """Of what is stuck, of what has failed, and of background jobs."""
    holders: int
    """On each card."""
    current: int
    """Likewise."""
    stages: int
    named: int
    """Names of stages on each card."""


ROOMS: Final = (
    Room(text_bytes=240, rows=20, holders=10, current=2, stages=100, named=100),
    Room(text_bytes=120, rows=20, holders=5, current=2, stages=80, named=40),
    Room(text_bytes=80, rows=10, holders=2, current=1, stages=50, named=20),
    Room(text_bytes=48, rows=5, holders=1, current=1, stages=30, named=8),
    Room(text_bytes=48, rows=5, holders=0, current=1, stages=20, named=3),
)
"""Tried in this order; the last one is what is left in any case."""


def shortened_board(board: Board) -> Board:
    """The board itself where it is small, else as much of it as there is room for."""
    shown = board
    for room in ROOMS:
        if size(shown) <= MOST_BYTES:
            break
        shown = _within(board, room)
    return shown


def _within(board: Board, room: Room) -> Board:
    return replace(
        board,
        machines=tuple(_card(card, room) for card in board.machines),
        attention=(*_attention(board, "stuck", room), *_attention(board, "failed", room)),
        stages=_stages(board.stages, room),
        background_jobs=tuple(_background(row, room) for row in board.background_jobs[: room.rows]),
        shortened=True,
    )


def _card(card: MachineCard, room: Room) -> MachineCard:
    return replace(
        card,
        stages=card.stages[: room.named],
        current=tuple(
            replace(
                one,
                title=shortened(one.title, room.text_bytes),
                document_id=shortened(one.document_id, room.text_bytes),
            )
            for one in card.current[: room.current]
        ),
        holders=tuple(
            replace(one, title=shortened(one.title, room.text_bytes))
            for one in card.holders[: room.holders]
        ),
    )


def _attention(board: Board, kind: str, room: Room) -> tuple[AttentionRow, ...]:
    rows = [row for row in board.attention if row.kind == kind][: room.rows]
    return tuple(
        replace(
            row,
            title=shortened(row.title, room.text_bytes),
            cause=shortened(row.cause, room.text_bytes),
        )
        for row in rows
    )


def _stages(rows: tuple[StageNumbers, ...], room: Room) -> tuple[StageNumbers, ...]:
    if len(rows) <= room.stages:
        return rows
    first = sorted(rows, key=lambda row: not _is_in_use(row))[: room.stages]
    kept = {row.stage for row in first}
    return tuple(row for row in rows if row.stage in kept)


def _is_in_use(row: StageNumbers) -> bool:
    waits = row.pending or row.processing or row.deferred or row.held
    return bool(waits or row.failed or row.done_1h or row.created_1h)


def _background(row: BackgroundRow, room: Room) -> BackgroundRow:
    return replace(
        row,
        label=shortened(row.label, room.text_bytes),
        error=shortened(row.error, room.text_bytes),
    )
