"""Python in a process whose network is closed: by a guard that writes down each try, or in fact.

The guard is an audit hook that every Python process loads, child processes too; it does not see
what a library does in C. A network namespace of one's own without an interface closes that, too,
where the system gives one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).parents[3]
_PATHS = (
    "",
    "operator",
    "images/ad-image",
    "images/document",
    "images/document/tools",
    "images/shared",
)
_GUARD = """
import sys
def closed(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        open(__file__ + ".asked", "a").write(f"{event} {arguments}\\n")
        raise OSError("the network is closed")
sys.addaudithook(closed)
"""


class Closed(Protocol):
    """One of the two ways."""

    def __call__(self, folder: Path, code: str, *arguments: str) -> str:
        """What the code prints."""
        ...


def guarded(folder: Path, code: str, *arguments: str) -> str:
    """What the code prints; fails where it fails, or where anything asked for the network."""
    (folder / "sitecustomize.py").write_text(_GUARD)
    printed = _ran([], folder, code, arguments)
    asked = folder / "sitecustomize.py.asked"
    assert not asked.exists(), asked.read_text()
    return printed


def alone(folder: Path, code: str, *arguments: str) -> str:
    """The same in a network of its own without any interface; skips the test without one."""
    unshare = shutil.which("unshare")
    prefix = [unshare or "unshare", "--net", "--map-root-user"]
    if unshare is None or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("this system gives no network of one's own; the other test closes sockets")
    return _ran(prefix, folder, code, arguments)


def _ran(prefix: list[str], folder: Path, code: str, arguments: tuple[str, ...]) -> str:
    paths = [str(folder), *(str(ROOT / path) for path in _PATHS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [*prefix, sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
