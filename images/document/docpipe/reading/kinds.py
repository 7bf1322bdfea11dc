"""What a file is, by its first bytes and never by its name.

1. Nothing, or too much of it: refused.
2. A known beginning decides: PDF, zip (then the archive's own list tells which Office format),
   pictures, sound.
3. What has no beginning of its own is text: HTML if it has tags, else plain. Everything else is
   refused.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

import stagekit
from docpipe import limits
from docpipe.pages import Kind

WANTED: Final = "give a PDF, DOCX, PPTX, XLSX, HTML, text, picture or sound file"

ENDINGS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("htm", "html", "xhtml"), "html"),
    **dict.fromkeys(("txt", "md", "csv", "log", "rst", "json", "xml", "yaml"), "text"),
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff", "webp", "gif", "bmp"), "picture"),
    **dict.fromkeys(
        ("mp3", "wav", "ogg", "opus", "flac", "m4a", "mp4", "mkv", "webm", "mov"), "sound"
    ),
    "pdf": "pdf",
    "docx": "docx",
    "pptx": "pptx",
    "xlsx": "xlsx",
}
"""What a name promises; only compared with what the file is."""

_PICTURES: Final = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
)  # fmt: skip
_SOUNDS: Final = (b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
_OFFICE: Final[dict[str, Kind]] = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
}
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TAGS: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|div|p|h1|table)[\s>]", re.IGNORECASE
)
_HEAD_BYTES: Final = 4096


def of(path: Path) -> Kind:
    """The kind of a file; refuses what no stage can read, with a sentence that says why."""
    size = path.stat().st_size
    if size == 0:
        raise stagekit.Refused("EmptyDocument", f"the input is empty (0 bytes): {WANTED}")
    if size > limits.MOST_BYTES:
        most = limits.MOST_BYTES >> 20
        raise stagekit.Refused(
            "DocumentTooLarge", f"the input has {size >> 20} MiB: at most {most}, split it"
        )
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _in_archive(path)
    if head.startswith(_OLD_OFFICE):
        return _old_or_locked(path)
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    if (
        head.startswith(_SOUNDS)
        or head[4:8] == b"ftyp"
        or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")
    ):
        return "sound"
    return _text(head)


def _in_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename for entry in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise stagekit.Refused(
            "BrokenDocument", "the Office document is truncated or damaged: upload the whole file"
        ) from error
    for name, kind in _OFFICE.items():
        if name in names:
            return kind
    raise stagekit.Refused("UnknownKind", f"the input is an archive, not a document: {WANTED}")


def _old_or_locked(path: Path) -> Kind:
    # An Office file with a password is a compound file with this stream; its name is UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise stagekit.Refused(
            "Encrypted", "the Office document asks for a password: save it without one"
        )
    raise stagekit.Refused(
        "OldFormat", "this is an Office format from before 2007: save it as DOCX, PPTX or XLSX"
    )


def _text(head: bytes) -> Kind:
    if _TAGS.search(head):
        return "html"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"  # UTF-16 with its mark
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    if odd:
        raise stagekit.Refused("UnknownKind", f"the input is of no kind known here: {WANTED}")
    return "text"


def promised(name: str) -> Kind | None:
    """What the ending of a name says; None where it says nothing known."""
    return ENDINGS.get(name.rpartition(".")[2].lower())
