"""What has been found out about the stories of one content of the tree, kept in the cache."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.commands import output
from hack.devcluster.steps import lasted

PASSED = "passed"
FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """How one story ended."""

    story: str
    """Path of its file, such as ``tests/e2e/test_crash_points.py``."""
    what: str
    """The first sentence of the file."""
    outcome: str
    """``passed`` or ``failed``."""
    seconds: float


@dataclass(frozen=True)
class Record:
    """Results of one content; others' are not looked at."""

    folder: Path

    def of(self, story: str) -> Result | None:
        """The latest result; None where the story was not told, or not to its end."""
        file = self._file(story)
        return Result(**json.loads(file.read_text())) if file.exists() else None

    def keep(self, result: Result) -> None:
        """Write it down."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file(result.story).write_text(json.dumps(asdict(result)))

    def forget(self) -> None:
        """As if no story had been told."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, story: str) -> Path:
        return self.folder / f"{Path(story).stem}.json"


def content_of(tree: Path, *without: str) -> str:
    """Hash all files that Git has or would take, as they lie there; ``without`` are paths."""
    listed = output(["git", "ls-files", "-z", "-co", "--exclude-standard"], folder=tree)
    paths = sorted({path for path in listed.split("\0") if path} - {*without})
    present = [path for path in paths if (tree / path).is_file()]
    return cache.fingerprint(part for path in present for part in (path, tree / path))


def page(content: str, results: Iterable[Result]) -> str:
    """The page that ``make test-release`` leaves in the tree."""
    rows = [
        f"| [{Path(result.story).stem}](../{result.story}) | {result.what} "
        f"| {result.outcome} | {lasted(result.seconds)} |"
        for result in results
    ]
    head = ["# Tests before a release", ""]
    head += [
        "Stories too long for `make test`, on the dev cluster or on the simulated one: told by",
        "`make test-release`, which writes this page. What has passed on the same content is told",
        "again with `AGAIN=1`.",
        f"Content of the tree: `{content}`.",
        "",
        "| story | what it shows | outcome | time |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])
