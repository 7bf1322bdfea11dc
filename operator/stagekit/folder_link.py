"""Artifacts in a folder (`STAGEWORK_API_URL=dir:///folder`): stages without a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from stagekit.endpoint import Endpoint
from stagekit.environment import LOCAL_SCHEME, Environment
from stagekit.errors import DigestMismatch, MissingInput
from stagekit.link import DigestWriter, digest_of, inside, safe_name
from stagekit.listed import ListedItem, of_lines


class FolderLink:
    """A Link that copies files; there is nobody to hear a heartbeat and no fence."""

    def __init__(self, environment: Environment) -> None:
        self._root = Path(environment.api_url[len(LOCAL_SCHEME) :] or "/")
        self._prefix = environment.prefix
        self._input_uri = environment.input_uri
        self._model_uri = environment.model
        self._items_file = environment.input_items

    def fetch(self, prefix: str, path: str, target: Path) -> str:
        """Copy one file; raises MissingInput where there is none."""
        stored = inside(self._root, f"{prefix}/{path}")
        if not stored.is_file():
            raise MissingInput(f"there is no {path!r} below {prefix}")
        with stored.open("rb") as file:
            return _copy(file, target)

    def listing(self, prefix: str) -> list[str]:
        """Paths of all files below a prefix, sorted."""
        folder = inside(self._root, prefix)
        files = (path for path in folder.rglob("*") if path.is_file())
        return sorted(file.relative_to(folder).as_posix() for file in files)

    def source(self, folder: Path) -> Path:
        """Copy the input: `artifact://...` in the folder, `file:///...`, or a plain path."""
        return self._copied(self._input_uri, folder)

    def model(self, folder: Path) -> Path:
        """Copy the model's archive: `artifact://...` in the folder."""
        return self._copied(self._model_uri, folder)

    def items(self) -> list[ListedItem]:
        """Read the file that `STAGEWORK_INPUT_ITEMS` names: one JSON object a line."""
        try:
            return of_lines(Path(self._items_file).read_bytes())
        except OSError as error:
            raise MissingInput(f"no list of items: {error}") from error

    def item(self, item: ListedItem, folder: Path) -> Path:
        """Copy an item's file."""
        return self._copied(item.uri, folder, f"{item.number}-")

    def _copied(self, uri: str, folder: Path, before: str = "") -> Path:
        parts = urlsplit(uri)
        if parts.scheme == "artifact":
            origin = inside(self._root, f"{parts.netloc}{unquote(parts.path)}")
        elif parts.scheme in ("", "file"):
            origin = Path(unquote(parts.path))
        else:
            raise MissingInput(f"a local run cannot fetch {uri!r}: give a path")
        if not origin.is_file():
            raise MissingInput(f"{uri!r} is not a file")
        target = folder / f"{before}{safe_name(origin.name)}"
        with origin.open("rb") as file:
            _copy(file, target)
        return target

    def store(self, path: str, content: BinaryIO, size: int, sha256: str) -> None:
        """Copy one output below the attempt's prefix."""
        target = inside(self._root, f"{self._prefix}/{path}")
        _copy(content, target)
        if digest_of(target) != (sha256, size):
            target.unlink()
            raise DigestMismatch(f"{path!r} changed while it was stored")

    def endpoint(self, role: str) -> Endpoint | None:  # noqa: ARG002
        """No service, no endpoints."""
        return None

    def beat(self, progress: bytes) -> bool:  # noqa: ARG002
        """Nobody listens; always True."""
        return True


def _copy(content: BinaryIO, target: Path) -> str:
    writer = DigestWriter(target)
    try:
        shutil.copyfileobj(content, writer)
        writer.commit()
    finally:
        writer.discard()
    return writer.sha256
