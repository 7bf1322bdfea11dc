"""The monitor's live table in terminals of any width: STATUS and DONE are always whole."""

import io
import re

import pytest
from rich.console import Console

from stagework.api import names
from stagework.api.durations import short
from stagework.cli.text.screens import bars_table
from stagework.overview.rows import RunRow


def row(name: str, stage: str, status: str, machine: str = "macmini") -> RunRow:
    return RunRow(
        namespace="default",
        name=name,
        status=status,
        stage=stage,
        done=12,
        total=64,
        machine=machine,
        node="",
        age_seconds=0,
        elapsed_seconds=3599,
        retries=0,
        message="",
        title="",
        tenant="",
    )


ROWS = [
    row("ad-1", "overlay", names.RUNNING),
    row("3b87ab59-0000-4000-8000-000000000001", "readability_eval and 3 more", names.STUCK),
    row("x" * 63, "y" * 40, names.COMPLETED_WITH_SKIPS, "a-class-with-a-name-of-31-signs"),
]


def painted(width: int) -> list[str]:
    paper = io.StringIO()
    Console(file=paper, width=width).print(bars_table(ROWS, width))
    return paper.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_status_and_done_are_whole_and_a_run_has_one_line(width: int) -> None:
    titles, *lines = painted(width)
    assert {"DONE", "STATUS", "TIME"} <= set(titles.split())
    assert len(lines) == len(ROWS)
    for line, of in zip(lines, ROWS, strict=True):
        assert len(line) <= width
        assert re.search(rf"\b12/64 +{of.status}( |$)", line), line
        assert line.rstrip().endswith(short(of.elapsed_seconds))


def test_what_is_cut_says_so() -> None:
    assert "…" in painted(80)[3]
    assert ROWS[0].name in painted(80)[1]
    assert ROWS[0].stage in painted(80)[1]


def test_where_there_is_room_nothing_is_cut() -> None:
    assert "…" not in "".join(painted(260))
