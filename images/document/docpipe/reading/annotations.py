"""What was written onto a PDF's page: fields that were filled in, and notes. Child only.

PDFium's text of a page knows only the page itself. So annotations are first made part of it, where
they have a picture of their own; what a field or note says and the page then still does not, is
added at its place.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from docpipe.pages import Cell, Line
from docpipe.reading.frame import Box, Frame

_WITH_WORDS: Final = (
    raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX,
)  # fmt: skip
_NOTES: Final = (raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_TEXT)
_MOST: Final = 2000
"""Annotations of a page that are looked at."""
_SIZE: Final = 10.0
"""The size of type, in points, that is taken for what has none."""


class Written(NamedTuple):
    """What was written, and its box."""

    text: str
    box: Box


def written_on(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> list[Written]:
    """What fields and notes say."""
    return [*_written(document, page)]


def _written(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> Iterator[Written]:
    form = document.formenv
    for n in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = raw.FPDFPage_GetAnnot(page, n)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        text = ""
        if kind in _NOTES:
            text = _string(
                lambda buffer, size, of=annotation: raw.FPDFAnnot_GetStringValue(
                    of, b"Contents", buffer, size
                )
            )
        elif (
            kind == raw.FPDF_ANNOT_WIDGET
            and form
            and raw.FPDFAnnot_GetFormFieldType(form, annotation) in _WITH_WORDS
        ):
            text = _string(
                lambda buffer, size, of=annotation: raw.FPDFAnnot_GetFormFieldValue(
                    form, of, buffer, size
                )
            )
        box = raw.FS_RECTF()
        if text.strip() and raw.FPDFAnnot_GetRect(annotation, box):
            yield Written(text, (box.left, box.bottom, box.right, box.top))
        raw.FPDFPage_CloseAnnot(annotation)


def _string(call: object) -> str:
    """A string as PDFium gives them: its size first, then UTF-16."""
    assert callable(call)  # noqa: S101
    size = int(call(None, 0))
    buffer = ctypes.create_string_buffer(max(size, 2))
    call(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[:size].decode("utf-16-le", "replace").rstrip("\0")


def with_annotations(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """A page of which its annotations are part."""
    page = document[number - 1]
    if raw.FPDFPage_GetAnnotCount(page) > 0:
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number - 1]
    return page


def missing(written: list[Written], lines: list[Line], frame: Frame) -> list[Line]:
    """Lines for what was written and does not stand on the page yet."""
    there = "".join("".join(line.text for line in lines).split())
    added: list[Line] = []
    for text, box in written:
        if "".join(text.split()) in there:
            continue
        left, top, right, _ = frame.placed(box)
        for n, part in enumerate(filter(str.strip, text.replace("\r", "\n").split("\n"))):
            upper = top + n * _SIZE * 1.2
            cell = Cell(" ".join(part.split()), left, max(right, left + 1))
            added.append(Line([cell], upper, upper + _SIZE, _SIZE))
    return added
