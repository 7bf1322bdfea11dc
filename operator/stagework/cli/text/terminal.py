"""Printing: plain lines everywhere, colours only where a terminal shows them (NO_COLOR honoured).

Nothing is wrapped, cut or taken as markup: what is printed can be searched and piped.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from stagework.cli.errors import CommandError
from stagework.cli.text.tables import STYLES, Table
from stagework.overview.states import Tone


class Terminal:
    """stdout for what was asked, stderr for errors and warnings."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._errors = Console(highlight=False, soft_wrap=True, stderr=True)

    @property
    def interactive(self) -> bool:
        """Whether stdout is a terminal, so that a person reads it."""
        return self.console.is_terminal

    def say(self, text: str = "", tone: Tone = "plain") -> None:
        """One line."""
        self.console.print(Text(text, style=STYLES[tone]))

    def raw(self, line: str) -> None:
        """One line word by word, at once: of a log that is followed."""
        self.console.file.write(f"{line}\n")
        self.console.file.flush()

    def lines(self, lines: Iterable[Text]) -> None:
        """Lines with styles of their own."""
        for line in lines:
            self.console.print(line)

    def table(self, table: Table) -> None:
        """A table."""
        self.lines(table.lines())

    def note(self, text: str) -> None:
        """One line on stderr, beside what was asked for."""
        self._errors.print(Text(text, style="dim"))

    def warn(self, text: str) -> None:
        """One warning on stderr."""
        self._errors.print(Text(f"warning: {text}", style=STYLES["wait"]))

    def error(self, error: CommandError) -> None:
        """The cause and the next command, on stderr."""
        first, *rest = error.lines()
        self._errors.print(Text(first, style=STYLES["bad"]))
        for line in rest:
            self._errors.print(Text(line))
