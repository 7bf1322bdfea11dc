"""What a stage has left in `out/`: regular files only, each opened below a directory handle.

Whoever could write there can have put a link anywhere, also in place of a folder, and one to our
token would upload it. So every name is opened in the folder that is open already, and no link is
followed: what is uploaded lies in `out/` itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from stagekit import artifact_names, contract, text
from stagekit.errors import OutputsUnreadable

FILES_MAX: Final = 20_000
"""More files are refused: `result.json` names each, and is read as a whole."""
_OURS: Final = (contract.RESULT_FILE, contract.OUTCOMES_FILE)
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Whoever opens a pipe waits for its other end, unless it says that it will not.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def opened(work: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Path and content of each file below `out/`, in order; each is closed behind its user.

    Hidden files and folders are nobody's result, and the store keeps none. Raises
    OutputsUnreadable with the name of what is in the way.
    """
    with ExitStack() as handles:
        root = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        handles.callback(os.close, root)
        try:
            folder = os.open(contract.OUT_FOLDER, _FOLDER, dir_fd=root)
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputsUnreadable(f"out is no folder of the stage's: {error.strerror}") from error
        handles.callback(os.close, folder)
        for count, (path, file) in enumerate(_below(folder, ()), start=1):
            with file:
                if count > FILES_MAX:
                    message = f"more than {FILES_MAX} files in out: pack them into an archive"
                    raise OutputsUnreadable(message)
                if path not in _OURS:
                    yield path, file
                elif not _is_of_an_input(work, path, file):
                    message = f"{path} is written by stagekit: give your file another name"
                    raise OutputsUnreadable(message)


def _below(folder: int, above: tuple[str, ...]) -> Iterator[tuple[str, BinaryIO]]:
    for name in sorted(os.listdir(folder)):
        if name.startswith("."):
            continue
        parts = (*above, name)
        path = _checked(parts)
        handle = _open(folder, name, path)
        if handle is None:
            continue
        kind = os.fstat(handle).st_mode
        if stat.S_ISREG(kind):
            yield path, os.fdopen(handle, "rb")
            continue
        try:
            if stat.S_ISDIR(kind):
                yield from _below(handle, parts)
            else:
                text.say(f"neither a file nor a folder, not uploaded: {path}")
        finally:
            os.close(handle)


def _open(folder: int, name: str, path: str) -> int | None:
    """None for what is no file of the stage's, which is said."""
    try:
        kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(kind) or stat.S_ISSOCK(kind):
            text.say(f"a symbolic link or socket is not uploaded: {path}")
            return None
        return os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise OutputsUnreadable(f"out/{path} cannot be read: {error.strerror}") from error


def _checked(parts: tuple[str, ...]) -> str:
    path = "/".join(parts)
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise OutputsUnreadable(f"a name in out is no UTF-8: {ascii(path)[:200]}") from error
    rule = artifact_names.broken_rule(path)
    if rule:
        raise OutputsUnreadable(f"out/{_shown(path)} cannot be kept: {rule}")
    return path


def _shown(path: str) -> str:
    """Its end, with what does not show written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path[-200:])


def _is_of_an_input(work: Path, name: str, file: BinaryIO) -> bool:
    """Whether it came along when the folder of an earlier stage was copied: it is kept already."""
    content = file.read()
    for known in (work / contract.IN_FOLDER).glob(f"*/{name}"):
        if known.is_file() and known.read_bytes() == content:
            text.say(f"of an earlier stage, not uploaded: {name}")
            return True
    return False
