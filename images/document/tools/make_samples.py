"""Makes the sample documents of `manifests/samples`, always the same ones.

    apt-get install espeak-ng ffmpeg fonts-nanum fonts-dejavu-core
    pip install fonttools numpy pillow pypdfium2          # beside the image's own packages
    PYTHONPATH=images/document:images/document/tools python images/document/tools/make_samples.py

PDFs are set by PDFium itself, with the letters used of the Nanum fonts; the scans are pages drawn,
turned, shaded and sprinkled with noise; the voice is espeak-ng's; `make_office` writes the others.
Words after the command choose some of the samples: `make_samples.py slides visit`.
"""

# ruff: noqa: S603, S607, E501  (runs programs of the system)

from __future__ import annotations

import ctypes
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import make_office
import numpy as np
import office_texts
import pypdfium2 as pdfium
import sample_texts as texts
from fontTools import subset
from fontTools.ttLib import TTFont
from make_scans import scan, wrapped
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import raw
from sample_texts import Section

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"
NANUM = Path("/usr/share/fonts/truetype/nanum")
DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
WIDTH, HEIGHT, EDGE = 595.0, 842.0, 72.0


class Pdf:
    """Sets text on A4 pages with PDFium, in one typeface of two weights."""

    def __init__(self, letters: str, footer: str) -> None:
        self.document = pdfium.PdfDocument.new()
        self._footer = footer
        self._files = {True: NANUM / "NanumGothicBold.ttf", False: NANUM / "NanumGothic.ttf"}
        self._fonts = {bold: self._font(file, letters) for bold, file in self._files.items()}
        self._pages = 0
        self._new_page()

    def _font(self, file: Path, letters: str) -> object:
        font = TTFont(file)
        options = subset.Options(notdef_outline=True, layout_features=[], name_IDs=[1, 2, 4, 6])
        worker = subset.Subsetter(options)
        worker.populate(text=letters + " 0123456789.,-")
        worker.subset(font)
        font["head"].modified = font["head"].created
        font.recalcTimestamp = False
        out = io.BytesIO()
        font.save(out)
        data = (ctypes.c_uint8 * out.getbuffer().nbytes).from_buffer_copy(out.getbuffer())
        return raw.FPDFText_LoadFont(self.document, data, len(data), raw.FPDF_FONT_TRUETYPE, 1)

    def _new_page(self) -> None:
        if self._pages:
            self._page.gen_content()
        self._pages += 1
        self._page = self.document.new_page(WIDTH, HEIGHT)
        self._y = EDGE
        self._set(self._footer, EDGE, HEIGHT - 40, 8)
        self._set(str(self._pages), WIDTH - EDGE - 8, HEIGHT - 40, 8)

    def _set(self, text: str, x: float, y: float, size: float, *, bold: bool = False) -> None:
        made = raw.FPDFPageObj_CreateTextObj(self.document, self._fonts[bold], size)
        wide = (ctypes.c_ushort * (len(text) + 1))(*map(ord, text), 0)
        raw.FPDFText_SetText(made, wide)
        raw.FPDFPageObj_Transform(made, 1, 0, 0, 1, x, HEIGHT - y)
        raw.FPDFPage_InsertObject(self._page, made)

    def text(self, text: str, size: float, *, bold: bool = False, after: float = 8) -> None:
        """A paragraph, broken into lines at spaces."""
        lines = list(
            wrapped(
                text, ImageFont.truetype(self._files[bold], int(size * 20)), (WIDTH - 2 * EDGE) * 20
            )
        )
        if bold and self._y + size * 6 > HEIGHT - EDGE:
            self._new_page()
        for line in lines:
            if self._y + size > HEIGHT - EDGE:
                self._new_page()
            self._y += size * 1.45
            self._set(line, EDGE, self._y, size, bold=bold)
        self._y += after

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; the first is twice as wide as the others."""
        wide = (WIDTH - 2 * EDGE) / (len(rows[0]) + 1)
        if self._y + len(rows) * 20 > HEIGHT - EDGE:
            self._new_page()
        for n, row in enumerate(rows):
            self._y += 18
            for column, cell in enumerate(row):
                self._set(cell, EDGE + (column + (column > 0)) * wide, self._y, 9, bold=n == 0)
        self._y += 16

    def picture(self, image: Image.Image, height: float) -> None:
        """A picture as wide as the text."""
        if self._y + height > HEIGHT - EDGE:
            self._new_page()
        file = io.BytesIO()
        image.save(file, "JPEG", quality=80)
        file.seek(0)
        made = pdfium.PdfImage.new(self.document)
        made.load_jpeg(file, inline=True)
        made.set_matrix(
            pdfium.PdfMatrix()
            .scale(WIDTH - 2 * EDGE, height)
            .translate(EDGE, HEIGHT - self._y - height - 6)
        )
        self._page.insert_obj(made)
        self._y += height + 18

    def save(self, path: Path) -> None:
        """Writes the file."""
        self._page.gen_content()
        out = io.BytesIO()
        self.document.save(out)
        # PDFium gives each file its time and an identity by chance; the samples' addresses are digests.
        fixed = re.sub(rb"(?<=<)[0-9A-F]{32}(?=>)", b"5A" * 16, out.getvalue())
        fixed = re.sub(rb"(?<=CreationDate\(D:)\d{14}", b"20240101000000", fixed)
        path.write_bytes(fixed)


def mill_picture() -> Image.Image:
    """A mill on its dam, drawn."""
    image = Image.new("RGB", (900, 420), "#cfe3ee")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 290, 900, 420), fill="#4f86a6")
    pen.rectangle((0, 330, 430, 420), fill="#3b6d8c")
    pen.polygon([(380, 420), (440, 270), (620, 270), (680, 420)], fill="#8a8378")
    pen.rectangle((450, 120, 620, 270), fill="#d8c7a4")
    pen.polygon([(430, 125), (535, 50), (640, 125)], fill="#7a4b3a")
    for x in (475, 555):
        pen.rectangle((x, 160, x + 40, 205), fill="#5a6b78")
    pen.ellipse((345, 230, 485, 370), outline="#5b3d22", width=12)
    for turn in range(8):
        angle = np.pi * turn / 8
        dx, dy = 70 * np.cos(angle), 70 * np.sin(angle)
        pen.line((415 - dx, 300 - dy, 415 + dx, 300 + dy), fill="#5b3d22", width=6)
    return image


def pdf(path: Path, title: str, sections: Sequence[Section], footer: str) -> None:
    """A report as PDF."""
    letters = "".join(
        sorted(
            {c for s in sections for p in (s.heading, *s.paragraphs) for c in p}
            | set(title + footer)
            | {c for s in sections for row in s.table for cell in row for c in cell}
        )
    )
    made = Pdf(letters, footer)
    made.text(title, 25, bold=True, after=16)
    for section in sections:
        made.text(section.heading, 17, bold=True, after=4)
        for paragraph in section.paragraphs:
            made.text(paragraph, 13, after=10)
        if section.picture:
            made.picture(mill_picture(), 210)
        if section.table:
            made.table(section.table)
    made.save(path)


def speech(path: Path) -> None:
    """A sentence or two, spoken."""
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "speech.wav"
        subprocess.run(
            ["espeak-ng", "-v", "en-gb", "-s", "150", "-w", str(spoken), texts.SPEECH], check=True
        )
        subprocess.run(
            ["ffmpeg", "-y", "-loglevel", "error", "-i", str(spoken), "-c:a", "libopus", "-b:a", "24k",
             "-fflags", "+bitexact", "-map_metadata", "-1", str(path)],
            check=True,
        )  # fmt: skip


def _scan(path: Path) -> None:
    scan(path, texts.SCAN, DEJAVU / "DejaVuSerif.ttf", 2.3, 9)


def _korean_scan(path: Path) -> None:
    scan(path, texts.KOREAN_SCAN, NANUM / "NanumMyeongjo.ttf", -1.6, 7)


MAKERS: dict[str, Callable[[Path], None]] = {
    "report.pdf": lambda path: pdf(
        path, texts.REPORT_TITLE, texts.REPORT, "Carrow Creek Mill Trust"
    ),
    "minutes.docx": lambda path: make_office.docx(path, texts.MINUTES_TITLE, texts.MINUTES),
    "korean.pdf": lambda path: pdf(path, texts.KOREAN_TITLE, texts.KOREAN, "솔개만 방앗간"),
    "scan.jpg": _scan,
    "korean-scan.jpg": _korean_scan,
    "speech.opus": speech,
    "slides.pptx": lambda path: make_office.slides(
        path, office_texts.SLIDES_TITLE, office_texts.SLIDES, mill_picture()
    ),
    "workbook.xlsx": lambda path: make_office.workbook(
        path, office_texts.SHEETS_TITLE, office_texts.SHEETS
    ),
    "visit.html": lambda path: make_office.page(path, office_texts.PAGE),
}


def main() -> None:
    """All of them, or those that are named."""
    for name, make in MAKERS.items():
        if not sys.argv[1:] or name.partition(".")[0] in sys.argv[1:]:
            make(SAMPLES / f"document-{name}")


if __name__ == "__main__":
    sys.exit(main())
