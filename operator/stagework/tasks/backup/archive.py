"""The file of a backup, written and read line by line: no request, no clock."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

FORMAT: Final = 1
"""What is written and read here; another one is refused."""
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_META: Final = (
    *("name", "namespace", "uid", "creationTimestamp"),
    *("labels", "annotations", "ownerReferences"),
)
_LINE_MAX: Final = 4 * 1024 * 1024

Json = dict[str, Any]


class ArchiveError(Exception):
    """The file is no backup, or not a whole one; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: an object, or a fact."""

    kind: str
    """`object` or `fact`."""
    content: Json


class ArchiveWriter:
    """`with` it; the file is whole once the block has ended without an error."""

    def __init__(self, path: Path, header: Json) -> None:
        self._file = gzip.GzipFile(path, "wb", mtime=0)
        self._digest = hashlib.sha256()
        self.objects = 0
        self.facts = 0
        self._write({"format": FORMAT, **header})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            lines = self.objects + self.facts
            self._write({"lines": lines, "sha256": self._digest.hexdigest()})
        self._file.close()

    def add_object(self, found: Json) -> None:
        """As the API server has it, without what is its own business."""
        self._write({"object": cleaned(found)})
        self.objects += 1

    def add_fact(self, fact: Json) -> None:
        """As history has it."""
        self._write({"fact": fact})
        self.facts += 1

    def _write(self, line: Json) -> None:
        raw = orjson.dumps(line) + b"\n"
        self._digest.update(raw)
        self._file.write(raw)


def cleaned(found: Json) -> Json:
    """An object without versions, managers and copies of itself."""
    meta: Json = {key: value for key, value in found.get("metadata", {}).items() if key in _META}
    given: Json = meta.pop("annotations", None) or {}
    notes = {key: text for key, text in given.items() if key != _LAST_APPLIED}
    if notes:
        meta["annotations"] = notes
    return {
        **{key: found[key] for key in ("apiVersion", "kind", "spec", "status") if key in found},
        "metadata": meta,
    }


def check_archive(path: Path) -> Json:
    """Its header, once the whole of it was read; raises ArchiveError."""
    digest, lines, last = hashlib.sha256(), -1, Json()
    header: Json = {}
    for line, raw in _lines(path):
        if last:
            raise ArchiveError("the backup was changed: something follows its last line")
        if lines < 0:
            header = line
        if "sha256" in line:
            last = line
            continue
        digest.update(raw)
        lines += 1
    if header.get("format") != FORMAT:
        raise ArchiveError(f"a backup of format {header.get('format')}, not {FORMAT}")
    if not last:
        raise ArchiveError("the backup was cut off: its last line is missing")
    if last != {"lines": lines, "sha256": digest.hexdigest()}:
        raise ArchiveError("the backup was changed: its digest is another one")
    return header


def read_archive(path: Path) -> Iterator[Line]:
    """What is in it, in the order in which it was written; it was checked before."""
    for line, _ in _lines(path):
        for kind in ("object", "fact"):
            if kind in line:
                yield Line(kind, line[kind])


def _lines(path: Path) -> Iterator[tuple[Json, bytes]]:
    try:
        with gzip.open(path, "rb") as file:
            while raw := file.readline(_LINE_MAX):
                decoded: object = orjson.loads(raw)
                if not isinstance(decoded, dict):
                    raise ArchiveError("a line of the backup is no object")
                yield decoded, raw  # pyright: ignore[reportUnknownVariableType, reportReturnType]
    except EOFError as error:
        raise ArchiveError("the backup was cut off") from error
    except (orjson.JSONDecodeError, gzip.BadGzipFile, OSError) as error:
        raise ArchiveError(f"not a backup: {error}") from error
