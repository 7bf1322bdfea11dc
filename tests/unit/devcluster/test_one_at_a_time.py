"""Two runs of the stories on one machine come one after the other."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hack.devcluster import one_at_a_time

COUNTING = """
import pathlib, sys
inside = pathlib.Path(sys.argv[1])
assert not inside.exists(), "two at once"
inside.touch()
for _ in sys.stdin: pass
inside.unlink()
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWORK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("STAGEWORK_CLUSTER_HELD", raising=False)


def alone(*program: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hack.devcluster", "alone", *program]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_second_says_what_it_waits_for_and_begins_when_the_first_is_over(
    tmp_path: Path,
) -> None:
    inside = str(tmp_path / "inside")
    with alone(sys.executable, "-c", COUNTING, inside) as first:
        _until_there(tmp_path / "inside")
        with alone(sys.executable, "-c", COUNTING, inside) as second:
            assert second.stdout is not None
            assert "wait for another run of the stories" in second.stdout.readline()
            first.communicate()
            second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)


def test_what_a_holder_starts_has_the_cluster_already_and_the_exit_code_comes_back() -> None:
    inner = [sys.executable, "-m", "hack.devcluster", "alone", "sh", "-c", "exit 7"]
    assert one_at_a_time.run(inner) == 7


def test_what_a_killed_holder_leaves_running_keeps_nobody_waiting(tmp_path: Path) -> None:
    with alone("sh", "-c", f"touch {tmp_path}/begun; exec cat") as holder:
        _until_there(tmp_path / "begun")
        holder.kill()
        holder.wait()
        assert one_at_a_time.run(["true"]) == 0


def _until_there(path: Path, seconds: float = 30.0) -> None:
    looked = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if path.exists():
            return
        looked.wait(0.02)
    raise AssertionError(f"{path} did not come")
