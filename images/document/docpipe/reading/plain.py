"""HTML and plain text. In the child process only."""

# ruff: noqa: PLC0415  (markitdown is loaded only for HTML)

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docpipe.pages import Answer, Opened, Page, Task

_ENCODINGS: Final = ("utf-8-sig", "cp949", "latin-1")
"""Tried in this order; the last one fits everything. cp949 is what old Korean Windows wrote."""
_MOST_BYTES: Final = 32 << 20
_DEAD_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:|mailto:)[^)]*\)")
"""A link to a neighbour of the page, who did not come with it: only its words are kept."""


def decoded(raw: bytes) -> str:
    """Text in the first encoding that fits it."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 fits every byte")


def read(task: Task, path: Path) -> Iterator[Answer]:
    """One page of Markdown; a form feed begins another in plain text."""
    began = time.monotonic()
    with path.open("rb") as file:
        text = decoded(file.read(_MOST_BYTES))
    title = ""
    if task.kind == "html":
        from docpipe.reading.office import convert, tidy

        title = _title(text)
        raw = io.BytesIO(text.encode("utf-8", "replace"))
        pages = [_DEAD_LINK.sub(r"\1", tidy(convert("HtmlConverter", raw, "utf-8")))]
    else:
        pages = [page for page in text.split("\f") if page.strip()] or [""]
    yield Opened(task.kind, len(pages), title)
    seconds = round((time.monotonic() - began) / len(pages), 3)
    for number in task.page_numbers(len(pages)):
        page = pages[number - 1]
        clean = "".join(c for c in page if c in "\n\t" or c.isprintable() or c.isspace())
        clean = clean.replace("\r\n", "\n").replace("\r", "\n").strip()
        yield Page(number, "markup", markup=clean, seconds=seconds)


def _title(text: str) -> str:
    from bs4 import BeautifulSoup

    title = BeautifulSoup(text[:100_000], "html.parser").title
    return " ".join(title.get_text().split()) if title else ""
