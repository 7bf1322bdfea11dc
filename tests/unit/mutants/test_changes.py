"""Which lines may be mutated."""

import subprocess
from pathlib import Path

import pytest

from hack.mutants import changes

SOURCE = '''\
def double(number: int) -> int:
    """Twice
    as much."""

    return plus(
        number,  # once
        number,
    )
'''


def test_all_lines_of_code_but_the_changed_ones_are_left_alone() -> None:
    marked = changes.only_mutable(SOURCE, {6}).splitlines()

    left_alone = [number for number, line in enumerate(marked, 1) if "no mutate" in line]
    assert left_alone == [1, 3, 5, 7, 8]


def test_what_is_marked_is_still_the_same_program() -> None:
    told: dict[str, object] = {"plus": lambda one, other: one + other}  # pyright: ignore[reportUnknownLambdaType,reportUnknownVariableType]
    exec(changes.only_mutable(SOURCE, ()), told)  # noqa: S102 - a text of our own

    double = told["double"]
    assert callable(double)
    assert double(21) == 42
    assert double.__doc__ == "Twice\n    as much."


def test_new_lines_are_read_from_a_diff() -> None:
    diff = "@@ -3 +3,2 @@ def a\n-x\n+y\n+z\n@@ -9,2 +10,0 @@\n-gone\n-gone\n@@ -20 +19 @@\n"
    assert changes.lines_of(diff) == {3, 4, 19}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit with a file."""
    (tmp_path / "operator").mkdir()
    (tmp_path / "operator" / "old.py").write_text("one = 1\ntwo = 2\n")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "first"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def test_changed_and_new_files_are_found_and_other_folders_are_not(repository: Path) -> None:
    (repository / "operator" / "old.py").write_text("one = 1\ntwo = 3\n")
    (repository / "operator" / "new.py").write_text("three = 3\n")
    (repository / "operator" / "notes.md").write_text("no program\n")
    (repository / "elsewhere.py").write_text("four = 4\n")

    assert changes.changed_lines(repository, "HEAD", "operator") == {
        "operator/old.py": {2},
        "operator/new.py": {1},
    }


def test_a_file_that_is_gone_has_no_lines(repository: Path) -> None:
    (repository / "operator" / "old.py").unlink()

    assert changes.changed_lines(repository, "HEAD", "operator") == {}
