"""Keeps what was built, by the hash of what it was built from, outside the tree.

``${STAGEWORK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stagework}``. A part is built into a
temporary folder and renamed when it is whole, under a lock: two builds at once make one.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hack.devcluster.steps import step

FINGERPRINT_LENGTH = 16
KEPT = 3
"""How many versions of a part are kept, so that going between branches costs nothing."""

IGNORED = ("__pycache__", ".DS_Store")


def root() -> Path:
    """Where everything is kept."""
    if chosen := os.environ.get("STAGEWORK_CACHE"):
        return Path(chosen).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home).absolute() / "stagework"


def folder(*names: str) -> Path:
    """Return a folder of the cache, made where it is missing."""
    path = root().joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path


def fingerprint(parts: Iterable[str | bytes | Path]) -> str:
    """Hash texts as they are and paths by their files' names, modes and contents."""
    digest = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return digest.hexdigest()[:FINGERPRINT_LENGTH]


def _pieces(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, str):
        yield part.encode()
    elif isinstance(part, bytes):
        yield part
    else:
        for path in files_below(part):
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            yield f"{path.relative_to(part)} {executable}".encode()
            yield path.read_bytes()


def files_below(path: Path) -> list[Path]:
    """List a file itself or all files of a folder, in a fixed order, without droppings."""
    if path.is_file():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and not any(
            name in IGNORED or name.startswith(".") for name in file.relative_to(path).parts
        )
    )


@contextmanager
def locked(name: str, awaited: str = "", usually: str = "") -> Generator[None]:
    """Let one process at a time into the body; ``awaited`` says who is waited for, if anybody is.

    What a killed holder leaves running keeps nobody waiting: the file is not inherited.
    """
    with (folder("locks") / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"wait for {awaited}", usually) if awaited else nullcontext():
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def built(kind: str, name: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of a part, after ``build`` filled it where it was not there yet.

    Of each name the latest few are kept: whoever works on a part makes many of it.
    """
    wanted = folder(kind) / f"{name}-{key}"
    if wanted.is_dir():
        return wanted
    with locked(f"{kind}-{name}"):
        if not wanted.is_dir():
            temporary = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=wanted.parent))
            try:
                build(temporary)
                temporary.chmod(0o755)
                temporary.rename(wanted)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            _forget_older(wanted.parent, name)
    return wanted


def _forget_older(parent: Path, name: str) -> None:
    versions = [path for path in parent.glob(f"{name}-*") if path.name.rpartition("-")[0] == name]
    versions.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in versions[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
