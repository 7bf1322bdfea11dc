"""Where a board that is watched goes: painted anew in a terminal, else a line a change."""

import json
from datetime import tzinfo
from typing import Protocol

from rich.console import Console, Group

from stagework.cli.text.board_page import counts_line, headline_line, page
from stagework.cli.text.painting import Lines, Painted, Shown
from stagework.cli.text.terminal import Terminal
from stagework.overview.queue.board import Board
from stagework.overview.queue.document import document


class BoardScreen(Shown, Protocol):
    """A place for a board."""

    def show(self, board: Board, zone: tzinfo) -> None:
        """The board as it is now."""
        ...


def board_screen_for(terminal: Terminal, *, as_json: bool) -> BoardScreen:
    """Painted in a terminal; else lines, of JSON where that is wanted."""
    if as_json or not terminal.interactive:
        return BoardLines(terminal, as_json=as_json)
    return PaintedBoard(terminal.console)


class BoardLines(Lines):
    """A line for each change: the time, the counts, the sentence; or an object."""

    def __init__(self, terminal: Terminal, *, as_json: bool) -> None:
        super().__init__(terminal)
        self._as_json = as_json
        self._last = ""

    def show(self, board: Board, zone: tzinfo) -> None:
        """Print it, unless its counts are those that were printed last."""
        counts = counts_line(board).plain
        if counts == self._last:
            return
        self._last = counts
        if self._as_json:
            self._terminal.raw(json.dumps(document(board), ensure_ascii=False))
        else:
            time = f"{board.generated_at.astimezone(zone):%H:%M:%S}"
            self._terminal.raw(f"{time}   {counts}   {headline_line(board, zone).plain}")


class PaintedBoard(Painted):
    """The whole board, painted anew in place."""

    def __init__(self, console: Console) -> None:
        """At the end the last board stays."""
        super().__init__(console, kept=True)

    def show(self, board: Board, zone: tzinfo) -> None:
        """Paint it."""
        self._live.update(Group(*page(board, zone)), refresh=True)
