"""`stagework top`: machine classes with their slots, and who holds them."""

from collections.abc import Iterator
from datetime import tzinfo

from rich.text import Text

from stagework.api.durations import short
from stagework.cli.text.board_page import TONES, UNKNOWN, slots
from stagework.cli.text.headlines import clock, middle_cut
from stagework.cli.text.tables import Cell, Table, line
from stagework.overview.queue.board import Board
from stagework.overview.queue.cards import MachineCard


def page(board: Board, zone: tzinfo) -> list[Text]:
    """Two tables."""
    machines = Table(
        ("MACHINE", "CLASS", "STATE", "NODES", "SLOTS", "WAITING", "DEFERRED", "AWAY SINCE"),
        tuple(_machine(card, zone) for card in board.machines),
    )
    holders = tuple(_holders(board))
    if not holders:
        return [*machines.lines(), line(Cell("")), line(Cell("Nobody holds a slot."))]
    titles = ("CLASS", "RUN", "STAGE", "TITLE", "FOR", "USUALLY")
    return [*machines.lines(), line(Cell("")), *Table(titles, holders).lines()]


def _machine(card: MachineCard, zone: tzinfo) -> tuple[Cell, ...]:
    known = card.nodes_total is not None
    since = card.away_since
    return (
        Cell(card.label),
        Cell(card.key),
        Cell(card.word, TONES[card.word]),
        Cell(f"{card.nodes_ready}/{card.nodes_total}" if known else UNKNOWN),
        Cell(slots(card)),
        Cell(str(card.pending)),
        Cell(str(card.deferred_pending)),
        Cell(clock(since.isoformat(), zone) if since is not None else ""),
    )


def _holders(board: Board) -> Iterator[tuple[Cell, ...]]:
    for card in board.machines:
        for held in card.holders:
            seconds = (board.generated_at - held.since).total_seconds() if held.since else None
            yield (
                Cell(card.key),
                Cell(f"{held.namespace}/{held.run}"),
                Cell(held.stage),
                Cell(middle_cut(held.title)),
                Cell(short(seconds) if seconds is not None else UNKNOWN),
                Cell(short(held.usual_seconds) if held.usual_seconds is not None else UNKNOWN),
            )
        more = card.slots_used - len(card.holders)
        if more > 0:
            yield (Cell(card.key), Cell(f"and {more} more"), *(Cell("") for _ in range(4)))
