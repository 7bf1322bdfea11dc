import io

import pytest
from rich.console import Console

from stagework.cli.errors import CommandError
from stagework.cli.text.monitor_lines import Line
from stagework.cli.text.painting import Painted
from stagework.cli.text.screens import LiveScreen, PlainScreen, screen_for
from stagework.cli.text.terminal import Terminal
from stagework.overview.rows import row
from tests.support.builders.written_runs import at, run_of, stage

ROW = row(
    run_of(
        stage("img_gen", "Succeeded"),
        stage("overlay", "Running", machine="macbook"),
        stage("ocr_eval"),
    ),
    at(75),
)


def interactive() -> tuple[Terminal, io.StringIO]:
    """A terminal with a person before it."""
    shown = io.StringIO()
    terminal = Terminal()
    terminal.console = Console(file=shown, force_terminal=True, width=100, highlight=False)
    return terminal, shown


def test_a_terminal_gets_the_live_view_and_a_pipe_plain_lines() -> None:
    terminal, _ = interactive()
    assert isinstance(screen_for(terminal, plain=False), LiveScreen)
    assert isinstance(screen_for(terminal, plain=True), PlainScreen)
    assert isinstance(screen_for(Terminal(), plain=False), PlainScreen)


def test_the_live_view_shows_each_run_with_words_and_keeps_the_lines() -> None:
    terminal, shown = interactive()
    with screen_for(terminal, plain=False) as screen:
        screen.bars([ROW])
        screen.show(Line("[Job x] [1s] a - Status: done"))
    text = shown.getvalue()
    for word in ("ad-1", "1/3", "Running", "overlay", "macbook", "75s"):
        assert word in text
    assert "[Job x] [1s] a - Status: done" in text


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_painted_last_stays_only_where_it_is_kept(*, kept: bool) -> None:
    class Word(Painted):
        def show(self, word: str) -> None:
            self._live.update(word, refresh=True)

    terminal, shown = interactive()
    with Word(terminal.console, kept=kept) as painted:
        painted.show("done")

    assert "done" in shown.getvalue()
    erased = "\x1b[2K" in shown.getvalue().rpartition("done")[2]
    assert erased is not kept


def test_no_color_leaves_the_word_and_takes_the_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal, shown = interactive()
    terminal.say("Failed", "bad")
    assert shown.getvalue() == "Failed\n"


def test_a_message_is_never_taken_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().say("[bold]not bold[/bold] [Job 3b87ab59...]")
    assert capsys.readouterr().out == "[bold]not bold[/bold] [Job 3b87ab59...]\n"


def test_a_long_line_is_neither_wrapped_nor_cut(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().say("x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_an_error_goes_to_stderr_with_the_next_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Terminal().error(CommandError("no", command="stagework doctor"))
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "error: no\n  next: stagework doctor\n")
