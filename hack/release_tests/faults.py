"""The stories of faults (``make test-faults``): what each has measured, as a table of a page."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import lasted
from hack.release_tests.record import Result

PAGE = "docs/reliability.md"
FOLDER = "measured"
"""Where stories leave it, below the folder of their progress."""
BEGIN = "<!-- faults: written by make test-faults -->"
END = "<!-- end of faults -->"


@dataclass(frozen=True)
class Fault:
    """One fault that was made for real."""

    story: str
    """Path of its file."""
    what: str
    """What was done."""
    detected_seconds: float | None
    """Until the run said so; None: nothing was to be said."""
    recovered_seconds: float | None
    """Until work went on, or was given up for a stated cause."""
    copies: int | None
    """Processes of the stage that were at work at once, as these themselves say; None: the story
    was broken off.
    """
    outcome: str
    """How it ended, or ``failed``."""


def measured(folder: Path) -> list[Fault]:
    """All that stories have left, by their files' names."""
    files = sorted((folder / FOLDER).glob("*.json"))
    return [Fault(**json.loads(file.read_text())) for file in files]


def section(
    content: str, results: Iterable[Result], faults: Iterable[Fault], now: datetime
) -> list[str]:
    """The lines of the table, with what was told, when and where."""
    ended = list(results)
    took = lasted(sum(result.seconds for result in ended))
    rows = [
        f"| {fault.what} | {_span(fault.detected_seconds)} | {_span(fault.recovered_seconds)} "
        f"| {'-' if fault.copies is None else fault.copies} | {fault.outcome} "
        f"| [{Path(fault.story).stem}](../{fault.story}) |"
        for fault in faults
    ]
    failed = [Path(result.story).stem for result in ended if result.outcome != "passed"]
    return [
        f"{now:%Y-%m-%d}, {machine()}; {len(ended)} stories in {took}"
        + (f"; failed: {', '.join(failed)}" if failed else "")
        + f"; content of the tree `{content}`.",
        "",
        "| fault | said after | recovered after | copies at once | outcome | story |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def with_section(page: str, lines: Iterable[str]) -> str:
    """The page with another table between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DevClusterError(f"{PAGE} has no lines {BEGIN} and {END}")
    return "\n".join((before + BEGIN, "", *lines, "", END + after))


def written(root: Path, content: str, results: Iterable[Result], folder: Path) -> str:
    """The page as it is to be."""
    lines = section(content, results, measured(folder), datetime.now(UTC))
    return with_section((root / PAGE).read_text(), lines)


def machine() -> str:
    """Such as ``2 cores, x86_64, Linux``; never its name."""
    count = os.cpu_count() or 1
    return f"{count} core{'' if count == 1 else 's'}, {platform.machine()}, {platform.system()}"


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else lasted(seconds)
