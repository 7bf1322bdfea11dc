"""DOCX by mammoth, and what it leaves aside: headers, footers, equations. Child only.

1. Equations become LaTeX (markitdown); where one cannot, all stay as their letters.
2. mammoth makes HTML of the body, its footnotes, endnotes and comments; a picture is read, one that
   is only linked leaves a note.
3. A body that mammoth cannot bear is read paragraph by paragraph, without its tables' lines.
4. Headers and footers follow, each once.
"""

# ruff: noqa: PLC0415  (markitdown only after the module that stands for magika)

from __future__ import annotations

import io
import re
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol
from xml.etree import ElementTree as ET

import mammoth

from docpipe.reading import markup
from docpipe.reading.illustrations import Illustrations

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FURNITURE: Final = re.compile(r"word/(header|footer)\d*\.xml")
_STYLES: Final = "comment-reference => sup"
"""mammoth leaves comments out unless their marks have a style."""


class _Picture(Protocol):
    def open(self) -> io.BytesIO: ...


def read(path: Path, pictures: Illustrations) -> tuple[str, list[str]]:
    """The document's Markdown, and what of it was left out."""
    content = path.read_bytes()
    notes: list[str] = []
    try:
        body = markup.fragment(_html(_with_equations(content, notes), pictures))
    except (KeyError, ValueError, AttributeError, TypeError, IndexError, LookupError):
        notes.append("the layout cannot be read: only its paragraphs are here")
        body = "\n\n".join(_paragraphs(content, "word/document.xml"))
    return "\n\n".join(filter(None, (body, *_furniture(content)))), [*notes, *pictures.notes]


def _with_equations(content: bytes, notes: list[str]) -> bytes:
    sys.modules.setdefault("magika", types.ModuleType("magika"))
    from markitdown.converter_utils.docx.pre_process import pre_process_docx

    try:
        made = pre_process_docx(io.BytesIO(content)).read()
    except Exception:  # noqa: BLE001  (it raises whatever it likes at odd documents)
        made = content
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        if b"<m:oMath" not in archive.read("word/document.xml"):
            return made
    # At an equation that it does not understand it leaves all as they are, and mammoth drops them.
    notes.append("an equation cannot be read: equations are only their letters")
    return _with_bare_equations(content)


def _with_bare_equations(content: bytes) -> bytes:
    """Equations as runs of text, which mammoth reads."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w") as made:
        for entry in given.infolist():
            part = given.read(entry)
            if entry.filename == "word/document.xml":
                part = re.sub(rb"<(/?)m:r(?=[ >])", rb"<\1w:r", part)
                part = re.sub(rb"<(/?)m:t(?=[ >])", rb"<\1w:t", part)
                part = re.sub(rb"</?m:[^>]*>", b"", part)
            made.writestr(entry, part)
    return out.getvalue()


def _html(content: bytes, pictures: Illustrations) -> str:
    def described(picture: _Picture) -> dict[str, str]:
        alt = str(getattr(picture, "alt_text", None) or "")
        try:
            with picture.open() as file:
                words = pictures.words_in(file.read())
        except (ValueError, KeyError, OSError):
            words = pictures.leave_out("it is only linked")
        return {"src": "picture", "alt": ": ".join(filter(None, (" ".join(alt.split()), words)))}

    library: Any = mammoth  # it knows no types
    images = library.images.img_element(described)
    made = library.convert_to_html(io.BytesIO(content), convert_image=images, style_map=_STYLES)
    return str(made.value)


def _furniture(content: bytes) -> Iterator[str]:
    """Headers and footers, each once."""
    known: set[str] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if _FURNITURE.fullmatch(name)]
    for name in sorted(names, key=lambda name: ("footer" in name, name)):
        text = " ".join(_paragraphs(content, name))
        if any(map(str.isalpha, text)) and text not in known:
            known.add(text)
            yield f"{'Header' if 'header' in name else 'Footer'}: {text}"


def _paragraphs(content: bytes, part: str) -> Iterator[str]:
    """The text of a part of the document, by paragraphs."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = ET.fromstring(archive.read(part))  # noqa: S314  (archives.check has judged its size)
    for paragraph in root.iter(f"{_W}p"):
        text = "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))
        if text.strip():
            yield " ".join(text.split())
