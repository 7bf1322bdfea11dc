"""What lines on pages mean: headings, paragraphs, lists, tables. Pure judgement of `pages.Line`.

1. What stands at the top or bottom of half of the pages, but for its number, is no text.
2. Lines of two or more cells that follow each other, as many in each, are a table.
3. A line in larger or bolder type than the text, short and without a full stop, is a heading; the
   largest type is level 1.
4. A line that begins with a bullet or number begins a list entry.
5. Everything else runs on in paragraphs; a larger gap or another size of type begins a new one.
"""

# ruff: noqa: RUF001  (a dash as a bullet is meant)

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from docpipe.pages import Line, Page
from docpipe.text.tables import table

_BULLET: Final = re.compile(r"^(?:[•◦▪‣·–-]|\d{1,2}[.)]|[가-하][.)])\s+")
_LONGEST_HEADING: Final = 120
_EDGE: Final = 0.09
"""The share of a page's height in which headers and footers stand."""


class Style(NamedTuple):
    """A document's type: the size of its text, and the larger sizes from the largest on."""

    text: float
    headings: tuple[float, ...]
    loose: float
    """How far a size may be off and still be the same: Tesseract's sizes are only measured."""


def style_of(pages: Sequence[Page]) -> Style:
    """The size with the most letters is the text's."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            letters[round(line.size * 2) / 2] += len(line.text)
    if not letters:
        return Style(0.0, (), 1.15)
    loose = 1.35 if any(page.source == "ocr" for page in pages) else 1.12
    # Measured sizes scatter: of these the middle one by letters.
    text = _middle(letters) if loose > 1.2 else letters.most_common(1)[0][0]
    larger = sorted((size for size in letters if size > text * loose), reverse=True)
    levels: list[float] = []
    for size in larger:
        if not levels or size < levels[-1] / (1.25 if loose > 1.2 else 1.05):
            levels.append(size)
    return Style(text, tuple(levels[:3]), loose)


def _middle(letters: Counter[float]) -> float:
    half, passed = sum(letters.values()) / 2, 0
    for size in sorted(letters):
        passed += letters[size]
        if passed >= half:
            return size
    return 0.0


def repeated(pages: Sequence[Page]) -> set[str]:
    """Headers and footers: the same words, but for numbers, on two pages and half of all."""
    seen: Counter[str] = Counter()
    for page in pages:
        at_edge = {_key(line) for line in page.lines if page.height and _is_at_edge(line, page)}
        seen.update(at_edge)
    return {key for key, count in seen.items() if count >= 2 and count * 2 >= len(pages)}


def _is_at_edge(line: Line, page: Page) -> bool:
    edge = page.height * _EDGE
    return line.bottom < edge or line.top > page.height - edge


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.casefold())


def markdown_of(page: Page, style: Style, dropped: set[str]) -> str:
    """The page as Markdown."""
    if page.source == "markup":
        return page.markup
    lines = [line for line in page.lines if not (_is_at_edge(line, page) and _key(line) in dropped)]
    # PDFs often draw the foot of a page first; it is read last.
    foot = [line for line in lines if page.height and line.top > page.height * (1 - _EDGE)]
    return "\n\n".join(_blocks([line for line in lines if line not in foot] + foot, style))


def _blocks(lines: Sequence[Line], style: Style) -> Iterator[str]:
    n = 0
    while n < len(lines):
        rows = _rows_from(lines, n)
        if rows:
            yield table([[cell.text for cell in line.cells] for line in lines[n : n + rows]])
            n += rows
            continue
        level = _level(lines, n, style)
        end = n + 1
        if level:
            while end < len(lines) and _continues_heading(lines, end, style, level):
                end += 1
            yield "#" * level + " " + " ".join(line.text for line in lines[n:end])
        else:
            while end < len(lines) and _continues(lines, end, style):
                end += 1
            yield _paragraph(lines[n:end])
        n = end


def _rows_from(lines: Sequence[Line], n: int) -> int:
    """How many lines from here on are rows of one table; 0 where there is none."""
    columns = len(lines[n].cells)
    if columns < 2:
        return 0
    end = n
    while end < len(lines) and len(lines[end].cells) == columns and _aligned(lines[n], lines[end]):
        end += 1
    return end - n if end - n >= 2 else 0


def _aligned(a: Line, b: Line) -> bool:
    """Each cell begins or ends below the other's, or both overlap."""
    return all(
        min(x.right, y.right) > max(x.left, y.left) for x, y in zip(a.cells, b.cells, strict=True)
    )


def _level(lines: Sequence[Line], n: int, style: Style) -> int:
    line = lines[n]
    text = line.text
    if len(line.cells) > 1 or len(text) > _LONGEST_HEADING or not any(map(str.isalpha, text)):
        return 0
    for level, size in enumerate(style.headings, start=1):
        if line.size >= size * 0.97 and line.size > style.text * style.loose:
            return level
    if line.bold and text[-1] not in ".,;:!?" and not _BULLET.match(text):
        before = n == 0 or _gap(lines, n) > 0.5 * line.size
        after = n + 1 < len(lines) and not lines[n + 1].bold
        return min(len(style.headings) + 1, 4) if before and after else 0
    return 0


def _continues_heading(lines: Sequence[Line], n: int, style: Style, level: int) -> bool:
    same = abs(lines[n].size - lines[n - 1].size) < 0.6
    close = _gap(lines, n) < 0.6 * lines[n].size
    return same and close and _level(lines, n, style) == level


def _gap(lines: Sequence[Line], n: int) -> float:
    """White space between a line and the one before, in points; large where a column begins."""
    gap = lines[n].top - lines[n - 1].bottom
    return gap if gap > -lines[n].size else 1e6


def _continues(lines: Sequence[Line], n: int, style: Style) -> bool:
    line, before = lines[n], lines[n - 1]
    if _level(lines, n, style) or _rows_from(lines, n) or _BULLET.match(line.text):
        return False
    if max(line.size, before.size) > style.loose * min(line.size, before.size):
        return False
    return _gap(lines, n) < 0.95 * max(line.size, before.size)


def _paragraph(lines: Sequence[Line]) -> str:
    text = lines[0].text
    for line in lines[1:]:
        if re.search(r"[a-z]-$", text) and re.match(r"[a-z]", line.text):
            text = text[:-1] + line.text
        else:
            text += " " + line.text
    marked = _BULLET.match(text)
    if marked and not marked[0][0].isdigit():
        return "- " + text[marked.end() :]
    # A paragraph must not become a heading or quotation by its first character.
    return "\\" + text if text[:1] in "#>" else text
