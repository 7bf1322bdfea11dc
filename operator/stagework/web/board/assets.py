"""The files of the bundle, in memory, each with its type and its compressed form."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

INDEX: Final = "index.html"
BUNDLE: Final = Path(__file__).parent / "bundle"
"""Where the image has them; in the repository `make board` says where they are."""
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page."""

    content_type: str
    content: bytes
    compressed: bytes
    """By gzip."""


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them, by name; none where no bundle was made."""

    by_name: Mapping[str, Asset]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read what is there; files of a type that a page has no use for are left out."""
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return cls(
            {file.name: _asset(file) for file in files if file.suffix in _TYPES and file.is_file()}
        )


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    return Asset(_TYPES[file.suffix], content, gzip.compress(content, mtime=0))
