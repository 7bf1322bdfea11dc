"""What was written onto a PDF's page: fields that were filled in, and notes. Child only.

PDFium's text of a page knows only the page itself. So annotations are first made part of it, where
they have a picture of their own; what a field or note says and the page then still does not, is
added at its place.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from docpipe.pages import Cell, Line
from docpipe.reading.frame import Box, Frame

_raw: Any = raw
"""PDFium's binding knows no types of its functions."""
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
    found: list[Written] = []
    for n in range(min(count_on(page), _MOST)):
        annotation = _raw.FPDFPage_GetAnnot(page, n)
        if not annotation:
            continue
        text, box = _said(document, annotation), raw.FS_RECTF()
        if text.strip() and _raw.FPDFAnnot_GetRect(annotation, box):
            found.append(Written(text, (box.left, box.bottom, box.right, box.top)))
        _raw.FPDFPage_CloseAnnot(annotation)
    return found


def count_on(page: pdfium.PdfPage) -> int:
    """How many annotations a page has."""
    return int(_raw.FPDFPage_GetAnnotCount(page))


def _said(document: pdfium.PdfDocument, annotation: object) -> str:
    """What a field or note says; empty for other annotations."""
    kind, form = _raw.FPDFAnnot_GetSubtype(annotation), document.formenv
    if kind in _NOTES:
        return _string(partial(_raw.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    if kind != raw.FPDF_ANNOT_WIDGET or not form:
        return ""
    if _raw.FPDFAnnot_GetFormFieldType(form, annotation) not in _WITH_WORDS:
        return ""
    return _string(partial(_raw.FPDFAnnot_GetFormFieldValue, form, annotation))


def _string(call: Callable[[object, int], int]) -> str:
    """A string as PDFium gives them: its size first, then UTF-16."""
    size = call(None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    call(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[:size].decode("utf-16-le", "replace").rstrip("\0")


def with_annotations(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """A page of which its annotations are part."""
    page = document[number - 1]
    if count_on(page) > 0:
        _raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
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
