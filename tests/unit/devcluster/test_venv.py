"""The tests' Python environment is whole or not there."""

import fcntl
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from hack.devcluster import cache, venv
from hack.devcluster.errors import DevClusterError


class Machine:
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
            raise DevClusterError("pip failed")
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
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Nothing is installed on this machine."""
    monkeypatch.setenv("STAGEWORK_CACHE", str(tmp_path / "cache"))
    machine = Machine(tmp_path)
    monkeypatch.setattr(venv, "logged", machine.pip)
    monkeypatch.setattr(venv, "subprocess", SimpleNamespace(run=machine.venv))
    return machine


def test_it_is_made_once_and_its_scripts_name_their_place(machine: Machine) -> None:
    machine.prepare()
    machine.prepare()
    assert (machine.made, machine.ready) == (1, True)
    assert (machine.folder / "bin" / "tool").read_text() == f"#!{machine.folder}/bin/python\n"
    assert (machine.folder / "bin" / "installed").exists()


def test_nobody_else_makes_one_meanwhile(machine: Machine) -> None:
    machine.prepare()
    assert machine.locked
    assert not is_locked()


def test_one_that_could_not_be_made_is_not_ready_and_is_made_next_time(
    machine: Machine,
) -> None:
    machine.fails = True
    with pytest.raises(DevClusterError, match="pip failed"):
        machine.prepare()
    assert not machine.ready
    assert not machine.folder.exists()
    machine.fails = False
    machine.prepare()
    assert (machine.made, machine.ready) == (1, True)


def test_half_a_folder_is_made_anew(machine: Machine) -> None:
    left = machine.folder / "bin" / "left-over"
    left.parent.mkdir(parents=True)
    left.touch()
    (machine.folder / "bin" / "python").symlink_to(sys.executable)
    machine.prepare()
    assert (machine.made, machine.ready, left.exists()) == (1, True, False)


def test_a_mark_without_python_is_not_believed(machine: Machine) -> None:
    machine.prepare()
    (machine.folder / "bin" / "python").unlink()
    machine.prepare()
    assert machine.made == 2


def test_the_mark_is_as_new_as_the_requirements(machine: Machine) -> None:
    machine.prepare()
    machine.requirements.touch()
    machine.prepare()
    mark = machine.folder / venv.READY
    assert mark.stat().st_mtime_ns >= machine.requirements.stat().st_mtime_ns
