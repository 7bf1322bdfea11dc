"""Runs other programs, keeps what long ones print, and turns their failures into words."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.errors import DevClusterError

TAIL_LINES = 15


def output(
    command: Sequence[str],
    *,
    stdin: bytes | None = None,
    seconds: float = 120,
    folder: Path | None = None,
) -> str:
    """Return what a quick command printed; raise where it failed."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, timeout=seconds, cwd=folder
        )
    except FileNotFoundError as error:
        raise DevClusterError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise DevClusterError(f"no answer after {seconds:.0f} s: {shlex.join(command)}") from error
    if done.returncode != 0:
        raise DevClusterError(
            f"{shlex.join(command)} failed ({done.returncode}): "
            f"{(done.stderr or done.stdout).decode(errors='replace').strip()[-2000:]}"
        )
    return done.stdout.decode(errors="replace")


def succeeds(command: Sequence[str], *, seconds: float = 30) -> bool:
    """Tell whether a quick command runs and ends with 0."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=seconds,
        )
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def logged(
    log: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    mend: str = "",
) -> None:
    """Run a long command with its output in a log of the cache; show its end where it failed."""
    path = cache.folder("logs") / f"{log}.log"
    with path.open("wb") as file:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                check=False,
            )
        except FileNotFoundError as error:
            raise DevClusterError(f"{command[0]} is not installed", mend) from error
    if done.returncode != 0:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        raise DevClusterError(f"{shlex.join(command)} failed; the end of {path}:\n{tail}", mend)


def find_program(name: str, *more_places: str) -> str | None:
    """Find a program on the PATH, or in places where a PATH may not look."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *more_places])
    return shutil.which(name, path=path)
