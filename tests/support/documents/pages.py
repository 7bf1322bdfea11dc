"""Small PDFs of places and words, and the pages that are read of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docpipe.pages import Answer, Page, Task
from docpipe.reading import kinds, worker
from docpipe.text import layout

from tests.support.documents.bad_files import pdf

HEIGHT = 842
Placed = tuple[float, float, str]
"""Words, and where they begin: points from the left and from the top."""
_FONTS = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


def answers(path: Path, languages: str = "eng") -> list[Answer]:
    """What the reader says of a file, read in this process."""
    task = Task("read", str(path), kinds.of(path), last=99, languages=languages)
    return [*worker.answers(task)]


def pages(path: Path, languages: str = "eng") -> list[Page]:
    """The pages of a file."""
    return [answer for answer in answers(path, languages) if isinstance(answer, Page)]


def markdown(*read: Page) -> str:
    """Pages as the stage `markdown` writes them."""
    style, dropped = layout.style_of(read), layout.repeated(read)
    return "\n\n".join(layout.markdown_of(page, style, dropped) for page in read)


def drawn(words: Sequence[Placed], size: float = 11) -> str:
    """The drawing of words on a page, in the order in which they are given."""
    return "".join(
        f"BT /F1 {size} Tf {left} {HEIGHT - top} Td ({text}) Tj ET\n" for left, top, text in words
    )


def page_pdf(
    drawing: str, *, fonts: str = _FONTS, about: str = "", more: Sequence[str] = (),
    catalogue: str = "", high: int = HEIGHT,
) -> bytes:  # fmt: skip
    """A PDF of one page; `about` stands in its page, objects `more` are numbered from 5.

    A page less `high` than a sheet of paper is its upper part.
    """
    return pdf(
        [
            f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 {HEIGHT - high} 595 {HEIGHT}]"
                f" /Contents 4 0 R /Resources << {fonts} >> {about} >>"
            ),
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
            *more,
        ]
    )
