"""``python -m hack.release_tests [--again]``: what ``make test-release`` runs."""

import argparse
import ast
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.devcluster.steps import say
from hack.release_tests.record import FAILED, PASSED, Record, Result, content_of, page

PAGE = "docs/release-tests.md"
STORIES = ("tests/e2e", "tests/operator")
PROGRESS = "STAGEWORK_STORY_PROGRESS"
"""Variable with the folder in which a story may keep how far it is, on this content of the tree."""
MARK = "pytest.mark.long("


def stories() -> list[str]:
    """Paths of the files with stories that are marked so."""
    files = [file for folder in STORIES for file in sorted((ROOT / folder).glob("test_*.py"))]
    return [str(file.relative_to(ROOT)) for file in files if MARK in file.read_text()]


def run_story(story: str, folder: Path) -> bool:
    """Run one of them in sight of whoever waits for it; `folder`: where it may keep how far it is,
    so that one that was broken off goes on there.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-m", "long", story]
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
    parser = argparse.ArgumentParser(description="Tell the long stories.")
    parser.add_argument("--again", action="store_true", help="also those that have passed")
    again: bool = parser.parse_args().again
    content = content_of(ROOT, PAGE)
    record = Record(cache.folder("release-tests") / content)
    if again:
        record.forget()
    try:
        results = run_all(stories(), record, partial(run_story, folder=record.folder))
    except DevClusterError as error:
        say(f"error: {error}")
        return 2
    written = page(content, results)
    Path(ROOT / PAGE).write_text(written)
    say(written)
    return 0 if all(result.outcome == PASSED for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
