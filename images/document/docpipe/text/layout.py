"""What lines on pages mean: headings, paragraphs, lists, tables. Pure judgement of `pages.Line`.

1. What stands at the top or bottom of half of the pages, but for its number, is no text.
2. Lines are read in the order of their places (`reading_order`); those whose cells stand in columns
   are a table (`grids`), and so is a table of contents.
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
from docpipe.text import grids, reading_order
from docpipe.text.tables import table

_BULLET: Final = re.compile(
    r"^(?:[·–*-]\s+|[•◦▪‣●○◉◎❍■□▣◆◇▶▷►▻☞※✓✔➢➤\u2460-\u2473\u3260-\u327b]\s*(?=\w|\()|ㅇ\s+"
    r"|\(?(?:\d{1,2}|[가-하])[.)]\s+)"
)
_BARE: Final = "*•◦▪‣·–-●○◉❍ㅇ"
"""Bullets that say nothing more than that an entry begins."""
_ADDRESS: Final = re.compile(
    r"(?<!!)\[([^\]]*)\]\((?:https?:|mailto:)(?:[^()\s]|\([^()\s]*\))*(?: \"[^\"]*\")?\)"
)
"""A link; people read its words, its address is nobody's sentence."""
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
        return _ADDRESS.sub(r"\1", page.markup)
    lines = [line for line in page.lines if not (_is_at_edge(line, page) and _key(line) in dropped)]
    # PDFs often draw the foot of a page first; it is read last.
    foot = [line for line in lines if page.height and line.top > page.height * (1 - _EDGE)]
    body = reading_order.in_order([line for line in lines if line not in foot])
    return "\n\n".join(_blocks(body + reading_order.in_order(foot), style))


def _blocks(lines: Sequence[Line], style: Style) -> Iterator[str]:
    n = 0
    while n < len(lines):
        count, rows = grids.table_at(lines, n)
        if count:
            yield table(rows)
            n += count
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
    if _level(lines, n, style) or grids.table_at(lines, n)[0] or _BULLET.match(line.text):
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
    if marked and text[0] in _BARE:
        return "- " + text[marked.end() :]
    if marked and not marked[0].strip(" (").startswith(tuple("0123456789")):
        return f"- {text}"
    # A paragraph must not become a heading or quotation by its first character.
    return "\\" + text if text[:1] in "#>" else text
