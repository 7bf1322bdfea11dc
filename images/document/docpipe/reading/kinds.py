"""What a file is, by its first bytes and never by its name.

1. Nothing, or too much of it: refused.
2. A known beginning decides: PDF, RTF, zip (then the archive's own list tells which Office format),
   pictures, sound.
3. What has no beginning of its own is text: mail if it begins with its headers, HTML if it has
   tags, else plain.
4. Formats of other programs are refused by their name, with what to save them as; everything else
   is refused as unknown.
"""

# ruff: noqa: E501, PLC0415  (sentences; encodings are judged only where a text has odd bytes)

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

import stagekit
from docpipe import limits
from docpipe.pages import Kind

WANTED: Final = "give a PDF, DOCX, PPTX, XLSX, RTF, HTML, mail, text, picture or sound file"

ENDINGS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("htm", "html", "xhtml"), "html"),
    **dict.fromkeys(("txt", "md", "csv", "tsv", "log", "rst", "json", "xml", "yaml"), "text"),
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff", "webp", "gif", "bmp"), "picture"),
    **dict.fromkeys(("heic", "heif", "avif"), "picture"),
    **dict.fromkeys(
        ("mp3", "wav", "ogg", "opus", "flac", "m4a", "mp4", "mkv", "webm", "mov"), "sound"
    ),
    "pdf": "pdf",
    "rtf": "rtf",
    "eml": "mail",
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
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OF_COMPOUND: Final = (
    ("EncryptedPackage", "Encrypted", "the Office document asks for a password: save it without one"),
    ("__properties_version1", "OtherFormat",
     "this is an Outlook message (.msg): save it as a mail file (.eml) or as PDF"),
    ("HwpSummaryInformation", "OtherFormat", "this is a Hangul document (.hwp): save it as DOCX or PDF"),
    ("WordDocument", "OldFormat", "this is a Word document from before 2007 (.doc): save it as DOCX"),
    ("Workbook", "OldFormat", "this is an Excel workbook from before 2007 (.xls): save it as XLSX"),
    ("PowerPoint Document", "OldFormat",
     "this is a PowerPoint file from before 2007 (.ppt): save it as PPTX"),
)  # fmt: skip
"""A stream by which the document in a compound file is known; reason and sentence for it."""
_OTHERS: Final = (
    (b"HWP Document File", "a Hangul document from before 2000 (.hwp): save it as DOCX or PDF"),
    (b"%!PS", "PostScript: save it as PDF"),
    (b"AT&TFORM", "a DjVu document: save it as PDF"),
)
_OF_ARCHIVE: Final = (
    ("application/hwp+zip", "a Hangul document (.hwpx): save it as DOCX or PDF"),
    ("application/vnd.oasis.opendocument.text", "an OpenDocument text (.odt): save it as DOCX or PDF"),
    ("application/vnd.oasis.opendocument.spreadsheet",
     "an OpenDocument spreadsheet (.ods): save it as XLSX"),
    ("application/vnd.oasis.opendocument.presentation",
     "an OpenDocument presentation (.odp): save it as PPTX or PDF"),
    ("application/epub+zip", "an electronic book (.epub): save it as PDF or HTML"),
)  # fmt: skip
"""What archives say of themselves in their entry `mimetype`."""
_STILL: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of pictures (HEIC, AVIF) among the files that begin as videos do."""
_MAIL: Final = re.compile(
    rb"(?:from|to|cc|date|subject|received|return-path|delivered-to|message-id|mime-version|sender|"
    rb"reply-to|content-type|x-[\w-]+|dkim-signature|arc-[\w-]+|authentication-results): ?\S?",
    re.IGNORECASE,
)
_MAIL_NEEDS: Final = re.compile(
    rb"^(?:from|message-id|received|return-path):", re.IGNORECASE | re.MULTILINE
)
_TAGS: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|div|p|h1|table)[\s>]", re.IGNORECASE
)
_HEAD_BYTES: Final = 4096
_TEXT_TO_ODD: Final = 200
"""Bytes of text to a control character that a text may have, as logs do."""


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
    if head.startswith(_COMPOUND):
        raise _of_compound(path)
    for beginning, name in _OTHERS:
        if head.startswith(beginning):
            raise stagekit.Refused("OtherFormat", f"this is {name}")
    return _picture_or_sound(head) or _text(head)


def _picture_or_sound(head: bytes) -> Kind | None:
    riff = head[8:12] if head[:4] == b"RIFF" else b""
    video = head[8:12] if head[4:8] == b"ftyp" else b""
    if head.startswith(_PICTURES) or riff == b"WEBP" or video in _STILL:
        return "picture"
    return "sound" if head.startswith(_SOUNDS) or riff == b"WAVE" or video else None


def _in_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename for entry in archive.infolist()}
            said = (
                archive.read("mimetype")[:200].decode("ascii", "replace") if _says(archive) else ""
            )
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise stagekit.Refused(
            "BrokenDocument", "the Office document is truncated or damaged: upload the whole file"
        ) from error
    for name, kind in _OFFICE.items():
        if name in names:
            return kind
    for other, name in _OF_ARCHIVE:
        if said.startswith(other):
            raise stagekit.Refused("OtherFormat", f"this is {name}")
    raise stagekit.Refused("UnknownKind", f"the input is an archive, not a document: {WANTED}")


def _says(archive: zipfile.ZipFile) -> bool:
    """Whether an archive says what it is; the entry is a few words, or it is none of these."""
    entry = archive.NameToInfo.get("mimetype")
    return entry is not None and entry.file_size < 200 and not entry.flag_bits & 1


def _of_compound(path: Path) -> stagekit.Refused:
    """What a compound file holds, by the names of its streams, which are UTF-16."""
    content = path.read_bytes()
    for stream, reason, sentence in _OF_COMPOUND:
        if stream.encode("utf-16-le") in content:
            return stagekit.Refused(reason, sentence)
    return stagekit.Refused(
        "OldFormat", "this is an Office format from before 2007: save it as DOCX, PPTX or XLSX"
    )


def _text(head: bytes) -> Kind:
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if _is_mail(head):
        return "mail"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        from docpipe.reading import charsets

        if not charsets.is_utf_16(head):
            raise _unknown()
        head = charsets.decoded(head).encode("utf-8", "replace")
    odd = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1a\x1b" for byte in head)
    if odd * _TEXT_TO_ODD > len(head):
        raise _unknown()
    return "html" if _TAGS.search(head) else "text"


def _unknown() -> stagekit.Refused:
    return stagekit.Refused("UnknownKind", f"the input is of no kind known here: {WANTED}")


def _is_mail(head: bytes) -> bool:
    """A mail begins with a header, and among its headers is one that only mail has."""
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    lines = [line for line in headers.splitlines() if line[:1] not in (b" ", b"\t")]
    if len(lines) < 3 or not _MAIL_NEEDS.search(headers):
        return False
    known = sum(_MAIL.match(line) is not None for line in lines)
    return _MAIL.match(lines[0]) is not None and known >= 3


def promised(name: str) -> Kind | None:
    """What the ending of a name says; None where it says nothing known."""
    return ENDINGS.get(name.rpartition(".")[2].lower())
