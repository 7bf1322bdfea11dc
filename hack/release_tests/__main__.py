"""``python -m hack.release_tests [--faults] [--again]``: what ``make test-release`` and
``make test-faults`` run.
"""

import argparse
import ast
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.devcluster.steps import say
from hack.release_tests import faults
from hack.release_tests.record import FAILED, PASSED, Record, Result, content_of, page

PAGE = "docs/release-tests.md"
PROGRESS = "STAGEWORK_STORY_PROGRESS"
"""Variable with the folder in which a story may keep how far it is, on this content of the tree."""


@dataclass(frozen=True)
class StorySet:
    """Stories that are told together."""

    mark: str
    """The marker of pytest that they have."""
    folders: tuple[str, ...]
    """Where they are."""
    records: str
    """Folder of the cache."""


LONG = StorySet("long", ("tests/e2e", "tests/operator"), "release-tests")
FAULTS = StorySet("fault", ("tests/e2e/faults",), "fault-tests")


def stories(wanted: StorySet = LONG) -> list[str]:
    """Paths of the files with stories that are marked so."""
    mark = f"pytest.mark.{wanted.mark}("
    files = [f for folder in wanted.folders for f in sorted((ROOT / folder).glob("test_*.py"))]
    return [str(file.relative_to(ROOT)) for file in files if mark in file.read_text()]


def run_story(story: str, folder: Path, mark: str = LONG.mark) -> bool:
    """Run one of them in sight of whoever waits for it; `folder`: where it may keep how far it is,
    so that one that was broken off goes on there.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-m", mark, story]
    env = {**os.environ, PROGRESS: str(folder)}
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def run_all(names: Sequence[str], record: Record, run_story: Callable[[str], bool]) -> list[Result]:
    """All results: those on record that have passed, and new ones, kept as they come."""
    results: list[Result] = []
    for name in names:
        known = record.of(name)
        if known is not None and known.outcome == PASSED:
            say(f"     {name} has passed on this content")
            results.append(known)
            continue
        began = time.monotonic()
        outcome = PASSED if run_story(name) else FAILED
        result = Result(name, what_of(name), outcome, time.monotonic() - began)
        record.keep(result)
        results.append(result)
    return results


def what_of(story: str) -> str:
    """Return the first line of its docstring."""
    text = ast.get_docstring(ast.parse((ROOT / story).read_text())) or ""
    return text.partition("\n")[0]


def main() -> int:
    """Exit code: 0 all have passed, 1 some have not, 2 there are none."""
    parser = argparse.ArgumentParser(description="Tell the long stories, or those of faults.")
    parser.add_argument("--again", action="store_true", help="also those that have passed")
    parser.add_argument("--faults", action="store_true", help="those of faults")
    given = parser.parse_args()
    wanted = FAULTS if given.faults else LONG
    content = content_of(ROOT, PAGE, faults.PAGE)
    record = Record(cache.folder(wanted.records) / content)
    if given.again:
        record.forget()
    run = partial(run_story, folder=record.folder, mark=wanted.mark)
    try:
        results = run_all(stories(wanted), record, run)
        _write(wanted, content, results, record.folder)
    except DevClusterError as error:
        say(f"error: {error}")
        return 2
    return 0 if all(result.outcome == PASSED for result in results) else 1


def _write(wanted: StorySet, content: str, results: Sequence[Result], folder: Path) -> None:
    """The page that tells of them, also to whoever waits."""
    if wanted is FAULTS:
        (ROOT / faults.PAGE).write_text(faults.written(ROOT, content, results, folder))
        say("\n".join(faults.section(content, results, faults.measured(folder), datetime.now(UTC))))
        return
    written = page(content, results)
    (ROOT / PAGE).write_text(written)
    say(written)


if __name__ == "__main__":
    sys.exit(main())
