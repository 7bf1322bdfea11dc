"""Which lines differ from a revision, and how mutmut is kept from all others."""

import io
import re
import subprocess
import tokenize
from collections.abc import Collection
from pathlib import Path

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", flags=re.MULTILINE)
_ENDS_OF_LINES = (tokenize.NEWLINE, tokenize.NL)
PRAGMA = "  # pragma: no mutate"


def changed_lines(root: Path, revision: str, folder: str) -> dict[str, set[int]]:
    """Lines of the Python files below a folder that a revision does not have, by path."""
    lines = {
        path: lines_of(_git(root, "diff", "--unified=0", revision, "--", path))
        for path in _git(root, "diff", "--name-only", revision, "--", folder).split()
        if path.endswith(".py") and (root / path).exists()
    }
    fresh = _git(root, "ls-files", "--others", "--exclude-standard", "--", folder).split()
    for path in fresh:
        if path.endswith(".py"):
            lines[path] = set(range(1, len((root / path).read_text().splitlines()) + 1))
    return {path: numbers for path, numbers in lines.items() if numbers}


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def lines_of(diff: str) -> set[int]:
    """Numbers of the new lines in a diff without context."""
    numbers = set[int]()
    for first, count in _HUNK.findall(diff):
        numbers |= set(range(int(first), int(first) + int(count or 1)))
    return numbers


def only_mutable(source: str, lines: Collection[int]) -> str:
    """The same program, with mutmut's pragma on every line that it shall leave alone."""
    texts = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        row = token.start[0]
        ends_a_line_of_code = token.type in _ENDS_OF_LINES and texts[row - 1].strip()
        if ends_a_line_of_code and row not in lines:
            texts[row - 1] += PRAGMA
    return "\n".join(texts) + "\n"
