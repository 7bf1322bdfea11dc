"""Office documents: a part that cannot be read is left out with a note, and all else is read."""

# ruff: noqa: E501  (the words of formats are long)

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pptx
import pytest
from docpipe import limits
from docpipe.pages import Page
from docpipe.reading.illustrations import Illustrations
from docpipe.reading.sheets import as_text
from docpipe.reading.slides import figures
from PIL import Image
from pptx.util import Cm

from tests.support.documents import pages
from tests.support.documents.bad_files import MINUTES

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
DRAWING = (
    '<w:r><w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    f'xmlns:r="{R}"><wp:inline><wp:docPr id="1" name="p" descr="{{about}}"/><a:graphic>'
    '<a:graphicData><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    '<pic:blipFill><a:blip r:{how}="rPic"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>'
    "</wp:inline></w:drawing></w:r>"
)


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(folder: Path, body: str, parts: dict[str, tuple[str, bytes]] | None = None) -> Path:
    """A DOCX with this body; `parts` are files of the archive with the kind of their relation."""
    path = folder / "a.docx"
    links = "".join(
        f'<Relationship Id="{"rPic" if kind == "image" else f"r{n}"}" Type="{R}/{kind}" '
        + (f'Target="{name}" TargetMode="External"/>' if not data else f'Target="{name}"/>')
        for n, (name, (kind, data)) in enumerate((parts or {}).items(), start=10)
    )
    with zipfile.ZipFile(MINUTES) as good, zipfile.ZipFile(path, "w") as made:
        for name in good.namelist():
            content = good.read(name)
            if name == "word/document.xml":
                content = f"<w:document {W} {M}><w:body>{body}</w:body></w:document>".encode()
            if name == "word/_rels/document.xml.rels":
                content = content.replace(b"</Relationships>", links.encode() + b"</Relationships>")
            made.writestr(name, content)
        for name, (_, data) in (parts or {}).items():
            if data:
                made.writestr(f"word/{name}", data)
    return path


def png(size: tuple[int, int] = (40, 40)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "white").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Pictures that were given to be read; all say the same, so that no Tesseract is needed."""
    given: list[bytes] = []

    def words_in(_: Illustrations, content: bytes) -> str:
        given.append(content)
        return "words in a picture"

    monkeypatch.setattr(Illustrations, "words_in", words_in)
    return given


def only(path: Path) -> Page:
    (page,) = pages.pages(path)
    return page


def test_a_picture_that_is_only_linked_leaves_a_note(tmp_path: Path) -> None:
    body = f"<w:p>{DRAWING.format(how='link', about='A mill')}</w:p>{paragraph('All the rest.')}"
    page = only(docx(tmp_path, body, {"https://example.org/a.png": ("image", b"")}))
    assert page.text == "[picture: A mill]\n\nAll the rest."
    assert page.note == "a picture was left out: it is only linked"


def test_a_damaged_picture_leaves_a_note(tmp_path: Path) -> None:
    body = f"<w:p>{DRAWING.format(how='embed', about='')}</w:p>{paragraph('All the rest.')}"
    page = only(docx(tmp_path, body, {"media/a.png": ("image", b"\x89PNG\r\n\x1a\n damaged")}))
    assert (page.text, "a picture was left out" in page.note) == ("All the rest.", True)


def test_pictures_in_a_text_are_read(tmp_path: Path, scanned: list[bytes]) -> None:
    body = f"<w:p>{DRAWING.format(how='embed', about='A sign')}</w:p>"
    page = only(docx(tmp_path, body, {"media/a.png": ("image", png())}))
    assert page.text == "[picture: A sign: words in a picture]"
    assert scanned == [png()]


def test_the_same_picture_is_read_once_and_small_ones_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bytes] = []

    def reading(_: Illustrations, content: bytes) -> str:
        read.append(content)
        return ""

    monkeypatch.setattr(Illustrations, "_read", reading)
    pictures = Illustrations("eng")
    assert [pictures.words_in(b"a"), pictures.words_in(b"a")] == ["", ""]
    assert read == [b"a"]
    monkeypatch.undo()
    assert Illustrations("eng").words_in(png()) == ""


def test_pictures_beyond_the_time_for_them_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ILLUSTRATION_SECONDS", -1.0)
    pictures = Illustrations("eng")
    pictures.words_in(b"a")
    pictures.words_in(b"b")
    assert pictures.notes == ["2 picture(s) were not read: there are too many in the document"]


def test_an_equation_that_cannot_be_read_leaves_its_letters(tmp_path: Path) -> None:
    odd = "<m:oMath><m:f><m:num/><m:r><m:t>\U0001d465=2</m:t></m:r></m:f></m:oMath>"
    page = only(docx(tmp_path, f"<w:p>{odd}</w:p>{paragraph('All the rest.')}"))
    assert "All the rest." in page.text
    assert "\U0001d465=2" in page.text
    assert page.note == "an equation cannot be read: equations are only their letters"


def test_an_equation_is_its_formula(tmp_path: Path) -> None:
    equation = "<m:oMath><m:r><m:t>\U0001d465 \u2264 2</m:t></m:r></m:oMath>"
    assert only(docx(tmp_path, f"<w:p>{equation}</w:p>")).text == r"$x \leq 2$"


def test_a_body_that_cannot_be_laid_out_is_read_by_paragraphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise KeyError("an odd part")

    monkeypatch.setattr("mammoth.convert_to_html", refuse)
    page = only(docx(tmp_path, paragraph("One.") + paragraph("Two.")))
    assert (page.text, "only its paragraphs" in page.note) == ("One.\n\nTwo.", True)


def test_headers_footers_comments_and_notes_are_read(tmp_path: Path) -> None:
    run = '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="3"/></w:r>'
    body = f"<w:p><w:r><w:t>The text.</w:t></w:r>{run}</w:p>"
    note = f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("A footnote.")}</w:footnote></w:footnotes>'
    comment = (
        f'<w:comments {W}><w:comment w:id="3" w:author="Kim" w:initials="K">'
        f"{paragraph('A comment.')}</w:comment></w:comments>"
    )
    page = only(
        docx(
            tmp_path,
            body,
            {
                "header1.xml": ("header", f"<w:hdr {W}>{paragraph('A header.')}</w:hdr>".encode()),
                "footer1.xml": ("footer", f"<w:ftr {W}>{paragraph('A footer.')}</w:ftr>".encode()),
                "footnotes.xml": ("footnotes", note.encode()),
                "comments.xml": ("comments", comment.encode()),
            },
        )
    )
    for part in (
        "The text.",
        "A footnote.",
        "A comment.",
        "Header: A header.",
        "Footer: A footer.",
    ):
        assert part in page.text


def test_cells_that_are_merged_downwards_leave_the_others_in_their_columns(tmp_path: Path) -> None:
    def cell(text: str, about: str = "") -> str:
        return f"<w:tc><w:tcPr>{about}</w:tcPr>{paragraph(text)}</w:tc>"

    rows = [
        cell("Region") + cell("Month") + cell("Sold"),
        cell("North", '<w:vMerge w:val="restart"/>') + cell("May") + cell("1"),
        cell("", "<w:vMerge/>") + cell("June") + cell("2"),
        cell("Both", '<w:gridSpan w:val="2"/>') + cell("3"),
    ]
    table = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
    lines = only(docx(tmp_path, f"<w:tbl>{table}</w:tbl>")).text.splitlines()
    assert [
        [c.strip() for c in line.strip("|").split("|")] for line in lines if "---" not in line
    ] == [
        ["Region", "Month", "Sold"],
        ["North", "May", "1"],
        ["", "June", "2"],
        ["Both", "", "3"],
    ]


def deck(folder: Path) -> Path:
    """A slide with a picture, a group, and a picture without a file."""
    made: Any = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "The title"
    picture = slide.shapes.add_picture(io.BytesIO(png()), Cm(1), Cm(5))
    picture._element.nvPicPr.cNvPr.set("descr", "A sign")
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Cm(1), Cm(14), Cm(5), Cm(1)).text_frame.text = "In a group"
    linked = slide.shapes.add_picture(io.BytesIO(png((50, 50))), Cm(1), Cm(16))
    blip = linked._element.blipFill.find(".//{*}blip")
    assert blip is not None
    blip.attrib.clear()
    made.save(path := folder / "a.pptx")
    return path


def test_what_stands_on_a_slide_is_read_shape_by_shape(
    tmp_path: Path, scanned: list[bytes]
) -> None:
    page = only(deck(tmp_path))
    assert page.text.startswith("# The title\n\n")
    assert "[picture: A sign: words in a picture]" in page.text
    assert "In a group" in page.text
    assert page.note == "a picture was left out: it is only linked"
    assert len(scanned) == 1


def test_a_chart_is_a_table_of_its_numbers() -> None:
    sold = SimpleNamespace(name="Sold", values=(1.0, None, 2.5))
    plot = SimpleNamespace(categories=["May", "June", "July"], series=[sold])
    assert figures(SimpleNamespace(plots=[plot])) == [
        ["", "Sold"], ["May", "1"], ["June", ""], ["July", "2.5"],
    ]  # fmt: skip


def test_a_shape_that_cannot_be_read_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise NotImplementedError("an odd shape")

    monkeypatch.setattr("pptx.shapes.picture.Picture.has_text_frame", property(refuse))
    page = only(deck(tmp_path))
    assert ("# The title" in page.text, "In a group" in page.text) == (True, True)
    assert page.note == "a part of slide 1 cannot be read and was left out"


def test_what_is_beyond_the_limits_of_a_sheet_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 3)
    monkeypatch.setattr(limits, "MOST_COLUMNS", 2)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Long"
    for n in range(5):
        sheet.append([n, n, n])
    book.create_sheet("Short").append([1, 2])
    book.save(path := tmp_path / "a.xlsx")
    read = pages.pages(path)
    assert read[0].text.splitlines()[2:] == ["| 0 | 0 |", "| --- | --- |", "| 1 | 1 |", "| 2 | 2 |"]
    assert read[0].note == (
        "of sheet 'Long' only the first 3 rows were read; "
        "of sheet 'Long' only the first 2 columns were read"
    )


def test_a_hidden_sheet_says_that_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["shown"])
    hidden = book.create_sheet("Costs")
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    book.save(path := tmp_path / "a.xlsx")
    assert pages.pages(path)[1].text.startswith("## Costs (hidden sheet)\n")


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.4, "0%", "40%"),
        (42, "00000", "00042"),
        (3.5, "General", "3.5"),
        (1234.5, "#,##0.00", "1234.5"),
        (7, "0", "7"),
        (True, "0%", "True"),
        (None, "0%", ""),
    ],
)
def test_a_value_is_shown_as_its_cell_shows_it(value: object, form: str, shown: str) -> None:
    assert as_text(value, form) == shown
