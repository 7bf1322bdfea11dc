"""Where a monitor's lines go: plain lines, or a live table below them in a terminal."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stagework.cli.text.durations import short
from stagework.cli.text.monitor_lines import Line
from stagework.cli.text.run_list import progress
from stagework.cli.text.tables import STYLES
from stagework.cli.text.terminal import Terminal
from stagework.overview.rows import RunRow
from stagework.overview.states import tone

_BAR_COLUMNS = 24


class Screen(Protocol):
    """A place for lines that stay and bars that move."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def show(self, line: Line) -> None:
        """A line that stays."""
        ...

    def bars(self, rows: list[RunRow]) -> None:
        """The runs being followed, as they are now."""
        ...


def screen_for(terminal: Terminal, *, plain: bool) -> Screen:
    """The live view in a terminal, else plain lines."""
    if plain or not terminal.interactive:
        return PlainScreen(terminal)
    return LiveScreen(terminal.console)


class PlainScreen:
    """Lines only."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to leave behind."""

    def show(self, line: Line) -> None:
        """Print it."""
        self._terminal.say(line.text, line.tone)

    def bars(self, rows: list[RunRow]) -> None:
        """Plain lines have no moving parts."""


class LiveScreen:
    """Lines scroll above a table that is painted anew in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        """Begin to paint."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the table; the lines stay."""
        self._live.stop()

    def show(self, line: Line) -> None:
        """Print it above the table."""
        self._live.console.print(Text(line.text, style=STYLES[line.tone]))

    def bars(self, rows: list[RunRow]) -> None:
        """Paint the table anew."""
        shown = bars_table(rows) if rows else Text("No run is being followed.", style="dim")
        self._live.update(shown, refresh=True)


def bars_table(rows: list[RunRow]) -> Table:
    """One row a run: name, bar, state as a word, stage, machine, elapsed."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("RUN", "", "DONE", "STATUS", "STAGE", "MACHINE", "TIME"):
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(
            Text(row.name),
            ProgressBar(total=max(1, row.total), completed=row.done, width=_BAR_COLUMNS),
            Text(progress(row)),
            Text(row.status, style=STYLES[tone(row.status)]),
            Text(row.stage),
            Text(row.machine),
            Text(short(row.elapsed_seconds)),
        )
    return table
