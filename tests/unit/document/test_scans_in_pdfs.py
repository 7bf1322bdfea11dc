"""Scans with a little text, scans that lie on their side, and what cannot surely be read."""

# ruff: noqa: E501  (the words of formats are long)

from __future__ import annotations

import zlib
from pathlib import Path
from unittest.mock import Mock

import pytest
from docpipe.pages import Page
from docpipe.reading.ocr import gutters, orientation, reader, scans
from PIL import Image, ImageDraw, ImageFont

from tests.support.documents import pages
from tests.support.documents.pages import drawn, page_pdf

SENTENCE = ("The sluice is opened when the tide", "begins to fall, and never before it.")
FAX = "FAX from 555 1234 page 1"
FONT = Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf")


@pytest.fixture(scope="module")
def sheet() -> Image.Image:
    """A small page of large letters: Tesseract reads it in a moment."""
    page = Image.new("L", (1240, 375), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(str(FONT), 40)
    for n in range(4):
        pen.text((90, 50 + n * 80), SENTENCE[n % 2], font=font, fill=0)
    return page


def fax(sheet: Image.Image, mode: int = 0, text: str = FAX) -> bytes:
    """A PDF whose page is a picture, with a line of its own letters above."""
    packed = zlib.compress(sheet.tobytes())
    picture = (
        f"<< /Type /XObject /Subtype /Image /Width {sheet.width} /Height {sheet.height}"
        f" /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /Length {len(packed)} >>"
    )
    drawing = f"q 595 0 0 180 0 612 cm /I1 Do Q\n{mode} Tr\n" + drawn([(72, 40, text)])
    fonts = (
        "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        " /XObject << /I1 5 0 R >>"
    )
    stream = f"{picture}\nstream\n{packed.decode('latin-1')}\nendstream"
    return page_pdf(drawing, fonts=fonts, more=[stream], high=230)


def read(folder: Path, content: bytes) -> Page:
    (path := folder / "a.pdf").write_bytes(content)
    return pages.pages(path)[0]


def test_a_scan_with_a_fax_header_is_read_and_keeps_its_header(
    sheet: Image.Image, tmp_path: Path
) -> None:
    page = read(tmp_path, fax(sheet))
    assert page.source == "ocr"
    assert page.text.count(FAX) == 1
    assert page.text.count("begins to fall, and never before") == 2


@pytest.mark.parametrize(
    ("mode", "text"), [(3, "hidden words of a program"), (0, "Wklv lv whvw vkliwhg irqw " * 20)]
)
def test_letters_that_nobody_sees_or_that_have_no_sense_are_not_the_page(
    mode: int, text: str, sheet: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = reader.Reading(scans_lines(), 0.95, "eng", 595.0, 842.0)
    monkeypatch.setattr(scans, "read_page", Mock(return_value=said))
    page = read(tmp_path, fax(sheet, mode, text))
    assert (page.source, page.text) == ("ocr", SENTENCE[0])


def scans_lines() -> list[scans.Line]:
    return [scans.Line([scans.Cell(SENTENCE[0], 100, 400)], 300, 312, 12)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_direction_of_a_page_is_known(degrees: int, sheet: Image.Image) -> None:
    turned = sheet.rotate(-degrees, expand=True)
    assert orientation.of(turned) == degrees


def test_a_page_on_its_head_is_read_upright(sheet: Image.Image) -> None:
    found = scans.read_page(sheet.transpose(Image.Transpose.ROTATE_180), "eng")
    assert SENTENCE[0] in found.text
    assert found.confidence > scans.UPRIGHT


def test_what_is_read_without_sureness_is_left_out_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = reader.Reading(scans_lines(), 0.42, "eng", 595.0, 842.0)
    monkeypatch.setattr(scans, "read_page", Mock(return_value=unsure))
    Image.new("L", (50, 50)).save(path := tmp_path / "a.png")
    (page,) = pages.pages(path)
    assert page.text == ""
    assert page.note == "what was read was left out: the confidence is 0.42, below 0.6"


def test_a_page_that_reads_well_is_not_asked_how_it_lies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sure = reader.Reading(scans_lines(), 0.95, "eng", 595.0, 842.0)
    monkeypatch.setattr(reader, "read", Mock(return_value=sure))
    monkeypatch.setattr(orientation, "of", Mock(side_effect=AssertionError("asked")))
    assert scans.read_page(Image.new("L", (60, 60), 255), "eng").text == SENTENCE[0]


def striped(*columns: tuple[int, int], title: bool = False) -> Image.Image:
    """A page of black lines in columns."""
    page = Image.new("L", (600, 800), 255)
    pen = ImageDraw.Draw(page)
    if title:
        pen.rectangle((150, 30, 450, 60), fill=0)
    for left, right in columns:
        for n in range(20):
            pen.rectangle((left, 100 + n * 30, right, 115 + n * 30), fill=0)
    return page


def test_columns_are_seen_in_the_picture_below_their_title() -> None:
    title, left, right = gutters.columns_of(striped((40, 280), (310, 560), title=True))
    assert title[3] <= left[1] == right[1] <= 100
    assert 280 < left[2] == right[0] < 310


def test_a_page_of_one_column_and_one_of_short_cells_are_one_part() -> None:
    whole = [(0, 0, 600, 800)]
    assert gutters.columns_of(striped((40, 560))) == whole
    cells = striped((40, 110), (310, 380))
    ImageDraw.Draw(cells).rectangle((40, 720, 290, 735), fill=0)
    assert gutters.columns_of(cells) == whole
    assert gutters.columns_of(Image.new("L", (600, 800), 255)) == whole
