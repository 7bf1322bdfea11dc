"""Files that nobody should send: each made by a few lines, none of them kept in the repository."""

# ruff: noqa: ISC004, E501  (PDF objects are long)

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image

from tests.unit.document.conftest import SAMPLES

REPORT = SAMPLES / "document-report.pdf"
MINUTES = SAMPLES / "document-minutes.docx"
SPEECH = SAMPLES / "document-speech.opus"


def pdf(objects: list[str], trailer: str = "") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(out)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {size} /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return out


def page_of(text: str, parent: int, content: int) -> list[str]:
    stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
    return [
        f"<< /Type /Page /Parent {parent} 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R"
        " /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]


def many_pages(count: int) -> bytes:
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
    ]
    for n in range(count):
        objects += page_of(f"This is page number {n + 1} of a long book.", 2, 4 + 2 * n)
    return pdf(objects)


def blank_pages(count: int) -> bytes:
    kids = " ".join(f"{3 + n} 0 R" for n in range(count))
    pages = ["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"] * count
    return pdf(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
            *pages,
        ]
    )


def encrypted_pdf() -> bytes:
    """Asks for a password: the standard handler with keys that fit no empty one."""
    plain = many_pages(1)
    key = "<" + "5a" * 32 + ">"
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >> /ID [<00><00>] "
    return plain.replace(b"/Root 1 0 R ", b"/Root 1 0 R " + lock.encode())


def looping_pdf() -> bytes:
    """The page tree names itself as its own child, and the page's content is a form that draws
    itself."""
    drawing = "/X Do"
    return pdf(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            " /Resources << /XObject << /X 5 0 R >> >> >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
            "<< /Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /X 5 0 R >>"
            f" >> /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        ]
    )


def zip_bomb_docx() -> bytes:
    """A DOCX whose text unpacks to 400 MB of spaces."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as entry:
            for _ in range(400):
                entry.write(b" " * (1 << 20))
    return file.getvalue()


def lying_docx() -> bytes:
    """The same, but its list of entries says that it is small."""
    raw = bytearray(zip_bomb_docx())
    wrong, small = struct.pack("<I", 400 << 20), struct.pack("<I", 1000)
    at = raw.rfind(wrong)
    raw[at : at + 4] = small
    return bytes(raw)


def entities_docx() -> bytes:
    """XML whose entities grow without end."""
    grown = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "ha">{grown}]><d>&e9;</d>'
    file = io.BytesIO()
    with zipfile.ZipFile(MINUTES) as good, zipfile.ZipFile(file, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, body if name == "word/document.xml" else good.read(name))
    return file.getvalue()


def picture_of_200_megapixels() -> bytes:
    """A PNG of 20,000 by 10,000 pixels in some kilobytes."""

    def part(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 20_000, 10_000, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(2500)) * 10_000, 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def empty_picture() -> bytes:
    file = io.BytesIO()
    Image.new("L", (800, 600), 255).save(file, "PNG")
    return file.getvalue()


def encrypted_docx() -> bytes:
    """An Office file with a password is a compound file with this stream's name in it."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return head + "EncryptedPackage".encode("utf-16-le") + bytes(512)


def cut(path: Path, share: float) -> bytes:
    raw = path.read_bytes()
    return raw[: int(len(raw) * share)]


def old_word() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
