"""A stage's own model: a folder on a volume, or an uploaded zip that is unpacked beside the work.

1. A path is taken as it is: somebody has mounted a volume there.
2. An `artifact://` address is fetched once, checked, and unpacked. The archive is somebody's
   upload: paths that lead elsewhere, links, too many or too large files are refused unmade.
3. Where all lies in one folder of the archive, that folder is the model.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from http import HTTPStatus
from pathlib import Path
from typing import Final

from stagekit import contract
from stagekit.errors import MissingInput, Refused, ServiceRefused, StageError
from stagekit.link import Link, inside

ARTIFACT_SCHEME: Final = "artifact://"
MOST_FILES: Final = 100
"""Files in an archive."""
MOST_BYTES: Final = 2 * 1024**3
"""Bytes of all files together, unpacked."""
_REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_UPLOAD: Final = "upload the model (again)"
"""What to do comes first: an address is long, and the status shows the beginning of a message."""
_CHUNK_BYTES: Final = 1024 * 1024


def folder(named: str, link: Link, target: Path) -> Path:
    """The folder with the model; archives are unpacked into `target`. Raises Refused."""
    if not named:
        raise Refused("ModelNotSet", f"no model: set {contract.ENV_MODEL} in the stage's env")
    if not named.startswith(ARTIFACT_SCHEME):
        return _mounted(named)
    if not target.is_dir():
        _unpack(_fetched(link, target.with_name(f"{target.name}-archive")), target)
    inner = list(target.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else target


def _mounted(named: str) -> Path:
    place = Path(named)
    try:
        is_there = place.is_dir() and any(place.iterdir())
    except OSError as error:
        raise Refused(
            "ModelNotFound", f"{named}: {error.strerror}; user 10001 must be able to read it"
        ) from error
    if not is_there:
        raise Refused(
            "ModelNotFound", f"no files in {named}: mount a volume there, or correct the path"
        )
    return place


def _fetched(link: Link, target: Path) -> Path:
    try:
        return link.model(target)
    except MissingInput as error:
        raise Refused("ModelNotFound", f"{_UPLOAD}: {error}") from error
    except ServiceRefused as error:
        if error.status not in _REFUSED:
            raise
        what = f"{_UPLOAD}: {error}" if error.status == HTTPStatus.NOT_FOUND else str(error)
        raise Refused("ModelNotFound", what) from error


def _unpack(archive: Path, target: Path) -> None:
    """All files or none: `target` appears when everything is in it."""
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            _check(entries)
            for entry in entries:
                _write(packed, entry, inside(part, entry.filename))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Refused("ModelBroken", f"the model's archive is no sound zip: {error}") from error
    except (StageError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise Refused("ModelBroken", f"the model's archive has a bad path: {error}") from error
    part.rename(target)
    archive.unlink()


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if not entries:
        raise Refused("ModelBroken", "the model's archive is empty")
    if len(entries) > MOST_FILES:
        raise Refused("ModelBroken", f"the model's archive has over {MOST_FILES} files")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise Refused("ModelBroken", f"the model's archive unpacks to over {MOST_BYTES >> 30} GiB")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or "\\" in entry.filename:
            raise Refused(
                "ModelBroken", f"not a plain file in the archive: {entry.filename[:40]!r}"
            )


def _write(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """One file; what it says of its size is no promise, so what comes out is counted."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with packed.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile("a file is longer than it says")
            file.write(chunk)
