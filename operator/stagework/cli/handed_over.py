"""What a person hands over as the items of a batch: a folder, a zip, a list, objects of a store.

All of it is looked at before anything is sent: a mistake costs nothing then.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagework.api.batch_book import MAX_ITEMS
from stagework.batches.archives import is_archive
from stagework.batches.errors import Refused
from stagework.batches.line_reader import LineReader
from stagework.cli.errors import CommandError
from stagework.policies.manifest_lines import Given, Unreadable

_STORE: Final = "s3://"
_BEGIN_BYTES: Final = 4
_PIECE_BYTES: Final = 1024 * 1024
_FORMS: Final = (
    "a list is JSON Lines with id, uri and params, or CSV with a column uri or id; "
    "files come as a folder or a zip"
)
SHOWN_LINES: Final = 5
"""Lines without an item are told one by one up to so many."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Its files become items."""

    path: Path
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Zip:
    """The files in it become items."""

    path: Path


@dataclass(frozen=True, slots=True)
class Manifest:
    """A list of items, as JSON Lines or CSV."""

    path: Path
    items: int
    unreadable: tuple[str, ...]
    """A sentence for each line of which no item can be made; it is left out by the service, too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Objects of an S3-compatible store of the settings."""

    store: str
    prefix: str
    suffix: str


HandedOver = Folder | Zip | Manifest | Stored


def handed_over(given: str, suffix: str) -> HandedOver:
    """What that is; raises CommandError with what is wrong with it."""
    if given.startswith(_STORE):
        store, _, prefix = given.removeprefix(_STORE).partition("/")
        if not store:
            raise CommandError(f"{given} names no store: write s3://STORE/PREFIX")
        return Stored(store, prefix, suffix)
    path = Path(given)
    try:
        if path.is_dir():
            return _folder(path, suffix)
        with path.open("rb") as opened:
            begin = opened.read(_BEGIN_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    if suffix:
        raise CommandError("--suffix chooses files of a folder, or objects of a store")
    if not begin:
        raise CommandError(f"{path} is empty", command=f"ls -l {path}")
    return Zip(path) if is_archive(begin) else _manifest(path)


def _folder(path: Path, suffix: str) -> Folder:
    """All files below it, by name; hidden ones are no items."""
    found = (
        file
        for file in path.rglob(f"*{suffix}")
        if file.is_file() and not _is_hidden(file.relative_to(path))
    )
    files = sorted(itertools.islice(found, MAX_ITEMS + 1))
    such = f" that end with {suffix}" if suffix else ""
    if not files:
        raise CommandError(f"{path} has no files{such}", command=f"ls -l {path}")
    if len(files) > MAX_ITEMS:
        raise CommandError(f"{path} has more than {MAX_ITEMS:,} files: make several batches of it")
    for file in files:
        if not os.access(file, os.R_OK):
            raise CommandError(f"cannot read {file}", command=f"ls -l {file}")
    empty = [file for file in files if not file.stat().st_size]
    if empty:
        more = f", and {len(empty) - 1} more" if len(empty) > 1 else ""
        raise CommandError(
            f"{empty[0]} is empty{more}: take out what has no content",
            command=f"find {path} -type f -empty",
        )
    return Folder(path, tuple(files))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _manifest(path: Path) -> Manifest:
    """By the service's own reader; what addresses it allows, it says itself."""
    items = 0
    unreadable: list[str] = []
    try:
        for number, line in _lines(path):
            if isinstance(line, Given):
                items += 1
            else:
                unreadable.append(f"line {number}: {line.reason}")
    except Refused as error:
        raise CommandError(f"{path}: {error}; {_FORMS}", command=f"head {path}") from error
    if items > MAX_ITEMS:
        raise CommandError(f"{path} has more than {MAX_ITEMS:,} items: make several batches of it")
    if not items:
        first = f"; {unreadable[0]}" if unreadable else ""
        raise CommandError(f"{path} has no items{first}; {_FORMS}", command=f"head {path}")
    return Manifest(path, items, tuple(unreadable))


def _lines(path: Path) -> Iterator[tuple[int, Given | Unreadable]]:
    reader = LineReader()
    try:
        with path.open("rb") as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield from reader.feed(piece)
    except OSError as error:
        raise _unreadable(path, error) from error
    yield from reader.finish()


def _unreadable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"cannot read {path}: {error.strerror}", command=f"ls -l {path}")
