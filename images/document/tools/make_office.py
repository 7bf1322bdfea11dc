"""Writes the DOCX, PPTX, XLSX and HTML among the samples, always the same bytes.

The DOCX is written as the format says, as small as it can be; slides and sheets by the libraries
that Office programs' users have too. What these put in by the clock is set to a fixed day.
"""

# ruff: noqa: E501  (the words of a format are long)

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import openpyxl
import pptx
from office_texts import AUTHOR, Cell, Sheet, Slide
from PIL import Image
from pptx.util import Cm
from sample_texts import Section

_DAY: Final = (2024, 1, 1, 0, 0, 0)
_TIMES: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(path: Path, title: str, sections: Sequence[Section]) -> None:
    """A DOCX with headings and a table, as small as the format allows."""

    def paragraph(text: str, style: str = "") -> str:
        about = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f"<w:p>{about}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"

    body = paragraph(title, "Heading1")
    for section in sections:
        body += paragraph(section.heading, "Heading2")
        body += "".join(map(paragraph, section.paragraphs))
        if section.table:
            rows = "".join(
                "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
                for row in section.table
            )
            body += f"<w:tbl>{rows}</w:tbl>"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    parts = {name: (head + text).encode() for name, text in _docx_parts(title, body).items()}
    _packed(path, parts)


def _docx_parts(title: str, body: str) -> dict[str, str]:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>'
        for n in (1, 2)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{word}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{word}.styles+xml"/>'
        '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="r2" Type="{package}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f"<w:styles {_W}>{styles}</w:styles>",
        "word/document.xml": f"<w:document {_W}><w:body>{body}</w:body></w:document>",
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{package}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{AUTHOR}</dc:creator></cp:coreProperties>",
    }


def slides(path: Path, title: str, deck: Sequence[Slide], picture: Image.Image) -> None:
    """A PPTX; the files of its slides lie in another order than the slides are shown in."""
    made = pptx.Presentation()
    made.core_properties.title, made.core_properties.author = title, AUTHOR
    for slide in [*deck[1:], deck[0]]:
        _slide(made, slide, picture)
    shown = made.slides._sldIdLst  # noqa: SLF001  (the library has no word for the order)
    shown.insert(0, shown[-1])
    out = io.BytesIO()
    made.save(out)
    _repacked(path, out)


def _slide(made: pptx.presentation.Presentation, content: Slide, picture: Image.Image) -> None:
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = content.title
    slide.placeholders[1].text = "\n".join(content.points)
    if content.table:
        size = (len(content.table), len(content.table[0]))
        cells = slide.shapes.add_table(*size, Cm(2), Cm(9), Cm(20), Cm(6)).table
        for n, row in enumerate(content.table):
            for column, text in enumerate(row):
                cells.cell(n, column).text = text
    if content.picture:
        file = io.BytesIO()
        picture.resize((450, 210)).save(file, "PNG", optimize=True)
        shape = slide.shapes.add_picture(file, Cm(5), Cm(13), width=Cm(11))
        shape._element.nvPicPr.cNvPr.set("descr", content.picture)  # noqa: SLF001
    if content.notes:
        slide.notes_slide.notes_text_frame.text = content.notes


def workbook(path: Path, title: str, sheets: Sequence[Sheet]) -> None:
    """An XLSX with numbers, dates, and formulas beside which their values stand."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    made.properties.title, made.properties.creator = title, AUTHOR
    values: dict[str, Cell] = {}
    for sheet in sheets:
        page = made.create_sheet(sheet.name)
        for row in sheet.rows:
            page.append(row)
        page.freeze_panes = "A2"
        values.update(
            (str(text)[1:], value)
            for text, value in zip(sheet.rows[-1], sheet.totals, strict=False)
            if str(text).startswith("=")
        )
    out = io.BytesIO()
    made.save(out)
    _repacked(path, out, values)


def page(path: Path, text: str) -> None:
    """A web page."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _repacked(path: Path, made: io.BytesIO, values: Mapping[str, Cell] | None = None) -> None:
    """The same archive of a fixed day; `values` are put beside the formulas they belong to."""
    with zipfile.ZipFile(made) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    core = "docProps/core.xml"
    parts[core] = _TIMES.sub(rb"\g<1>2024-01-01T00:00:00Z", parts[core])
    _packed(path, {name: _valued(part, values or {}) for name, part in parts.items()})


def _valued(part: bytes, values: Mapping[str, Cell]) -> bytes:
    for formula, value in values.items():
        bare = f"<f>{formula}</f><v>"
        part = part.replace(bare.encode(), f"{bare}{value}".encode())
    return part


def _packed(path: Path, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
