"""Files that nobody should send: each made by a few lines, none of them kept in the repository."""

# ruff: noqa: ISC004, E501  (PDF objects are long)

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"
REPORT = SAMPLES / "document-report.pdf"
MINUTES = SAMPLES / "document-minutes.docx"
SPEECH = SAMPLES / "document-speech.opus"
MAIN_PARTS = {
    "docx": "word/document.xml",
    "pptx": "ppt/presentation.xml",
    "xlsx": "xl/workbook.xml",
}
"""The entry by which an Office document is known."""
BOMB = 300 << 20
"""Bytes to which a bomb unpacks: more than `docpipe.limits` allows."""
WHOLE = "This page is whole and can be read."
"""What the good page of a PDF with a loop says."""


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


def looping_pdf(loop: str) -> bytes:
    """A PDF of one good page, and a loop.

    `pages`: the list of pages names itself as its second page. `form`: the page draws a form that
    draws itself. `tables`: the list of objects says that it continues itself. `length`: a stream's
    length is the stream. `only loop`: the list of pages has nothing but itself.
    """
    kids = {"pages": "3 0 R 2 0 R", "only loop": "2 0 R"}.get(loop, "3 0 R")
    page, content = page_of(WHOLE, 2, 4)
    form = "/X Do"
    if loop == "form":
        page = page.replace("/Font <<", "/XObject << /X 5 0 R >> /Font <<", 1)
        stream = content.partition("stream\n")[2].partition("\nendstream")[0] + f" {form}"
        content = f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"
    if loop == "length":
        content = "<< /Length 4 0 R >>\n" + content.partition("\n")[2]
    made = pdf(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(kids.split()) // 3} >>",
            page,
            content,
            "<< /Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject <<"
            f" /X 5 0 R >> >> /Length {len(form)} >>\nstream\n{form}\nendstream",
        ]
    )
    if loop != "tables":
        return made
    start = int(made.rpartition(b"startxref\n")[2].split()[0])
    return made.replace(b"/Root 1 0 R ", f"/Root 1 0 R /Prev {start} ".encode())


@cache
def office_bomb(kind: str) -> bytes:
    """An Office document whose main part unpacks to 300 MB of spaces."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(MAIN_PARTS[kind], "w") as entry:
            for _ in range(BOMB >> 20):
                entry.write(b" " * (1 << 20))
    return file.getvalue()


def bomb_of_many_files() -> bytes:
    """A DOCX with thirty thousand files in it, each of them empty."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MAIN_PARTS["docx"], "<d/>")
        for n in range(30_000):
            archive.writestr(f"word/media/{n}", "")
    return file.getvalue()


def lying_docx() -> bytes:
    """A bomb whose list of entries says that it is small."""
    raw = bytearray(office_bomb("docx"))
    wrong, small = struct.pack("<I", BOMB), struct.pack("<I", 1000)
    at = raw.rfind(wrong)
    raw[at : at + 4] = small
    return bytes(raw)


def locked_docx() -> bytes:
    """A DOCX whose zip archive asks for a password."""
    raw = bytearray(MINUTES.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + flags] |= 1
            at = raw.find(mark, at + 4)
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


def pdf_of_200_megapixels() -> bytes:
    """A page that is one picture of 20,000 by 10,000 pixels, all of them white."""
    rows = zlib.compress((b"\xff" * 2500) * 10_000, 9).hex()
    drawing = "595 0 0 842 0 0 cm /P Do"
    return pdf(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            " /Resources << /XObject << /P 5 0 R >> >> >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
            "<< /Type /XObject /Subtype /Image /Width 20000 /Height 10000 /BitsPerComponent 1"
            " /ColorSpace /DeviceGray /Filter [/ASCIIHexDecode /FlateDecode]"
            f" /Length {len(rows)} >>\nstream\n{rows}\nendstream",
        ]
    )


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


def empty_office(kind: str) -> bytes:
    """A whole DOCX, PPTX or XLSX with no word in it."""
    source = SAMPLES / {"docx": MINUTES.name, "pptx": "document-slides.pptx"}.get(
        kind, "document-workbook.xlsx"
    )
    emptied = {
        "docx": (r"<w:t>[^<]*</w:t>", "", r"word/document.xml"),
        "pptx": (r"<p:sldIdLst>.*?</p:sldIdLst>", "", r"ppt/presentation.xml"),
        "xlsx": (r"<sheetData>.*?</sheetData>", "<sheetData/>", r"xl/worksheets/.*"),
    }
    pattern, instead, part = emptied[kind]
    file = io.BytesIO()
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(file, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if re.fullmatch(part, name):
                content = re.sub(pattern, instead, content.decode(), flags=re.DOTALL).encode()
            bad.writestr(name, content)
    return file.getvalue()


def mixed_docx(text: str) -> bytes:
    """The minutes with another first sentence."""
    file = io.BytesIO()
    with zipfile.ZipFile(MINUTES) as good, zipfile.ZipFile(file, "w") as made:
        for name in good.namelist():
            content = good.read(name).decode()
            changed = content.replace("The committee met on 14 May", escape(text))
            made.writestr(name, changed)
    return file.getvalue()
