"""The tests' Python environment is whole or not there."""

import fcntl
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from hack.devcluster import cache, venv
from hack.devcluster.failures import BedError


class Bed:
    """A cache of the test's own, and a pip that does what the test says."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "cache" / "venv" / "key"
        self.requirements = place / "requirements.txt"
        self.requirements.touch()
        self.made = 0
        self.fails = False
        self.locked = False

    @property
    def ready(self) -> bool:
        """Whether make would believe in it."""
        return (self.folder / venv.READY).exists()

    def prepare(self) -> None:
        """`make venv`."""
        venv.prepare(self.folder, self.requirements, [])

    def venv(self, command: Sequence[str], *, check: bool) -> None:
        """`python -m venv`."""
        assert check
        scripts = Path(command[-1]) / "bin"
        scripts.mkdir(parents=True)
        (scripts / "python").symlink_to(sys.executable)
        (scripts / "tool").write_text(f"#!{scripts}/python\n")

    def pip(self, name: str, command: Sequence[str], *, mend: str) -> None:
        """`pip install`."""
        assert name == "venv"
        assert mend
        assert not self.ready
        self.locked = is_locked()
        if self.fails:
            raise BedError("pip failed")
        (Path(command[0]).parent / "installed").touch()
        self.made += 1


def is_locked() -> bool:
    """Whether somebody else would have to wait."""
    with (cache.folder("locks") / "venv").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bed:
    """Nothing is installed on this machine."""
    monkeypatch.setenv("STAGEWORK_CACHE", str(tmp_path / "cache"))
    made = Bed(tmp_path)
    monkeypatch.setattr(venv, "logged", made.pip)
    monkeypatch.setattr(venv, "subprocess", SimpleNamespace(run=made.venv))
    return made


def test_it_is_made_once_and_its_scripts_name_their_place(bed: Bed) -> None:
    bed.prepare()
    bed.prepare()
    assert (bed.made, bed.ready) == (1, True)
    assert (bed.folder / "bin" / "tool").read_text() == f"#!{bed.folder}/bin/python\n"
    assert (bed.folder / "bin" / "installed").exists()


def test_nobody_else_makes_one_meanwhile(bed: Bed) -> None:
    bed.prepare()
    assert bed.locked
    assert not is_locked()


def test_one_that_could_not_be_made_is_not_ready_and_is_made_the_next_time(bed: Bed) -> None:
    bed.fails = True
    with pytest.raises(BedError, match="pip failed"):
        bed.prepare()
    assert not bed.ready
    assert not bed.folder.exists()
    bed.fails = False
    bed.prepare()
    assert (bed.made, bed.ready) == (1, True)


def test_half_a_folder_is_made_anew(bed: Bed) -> None:
    left = bed.folder / "bin" / "left-over"
    left.parent.mkdir(parents=True)
    left.touch()
    (bed.folder / "bin" / "python").symlink_to(sys.executable)
    bed.prepare()
    assert (bed.made, bed.ready, left.exists()) == (1, True, False)


def test_a_mark_without_python_is_not_believed(bed: Bed) -> None:
    bed.prepare()
    (bed.folder / "bin" / "python").unlink()
    bed.prepare()
    assert bed.made == 2


def test_the_mark_is_as_new_as_the_requirements(bed: Bed) -> None:
    bed.prepare()
    bed.requirements.touch()
    bed.prepare()
    mark = bed.folder / venv.READY
    assert mark.stat().st_mtime_ns >= bed.requirements.stat().st_mtime_ns
