"""HTML, as pages and converters of Office files have it, becomes Markdown. Child only.

1. Of a page, what leads to other pages (menus, side columns, imprints) is no text of it. A library
   for this (readability) was tried and left: it drops tables and lists along with the menus.
2. A cell that spans rows or columns stands in the first of them, the others are empty: otherwise
   all that follows in the row would slip into another column.
3. markitdown writes the Markdown; a picture leaves its description.
"""

# ruff: noqa: PLC0415  (markitdown only after the module that stands for magika)

from __future__ import annotations

import io
import re
import sys
import types
import warnings
from typing import Final, Protocol, cast

from bs4 import BeautifulSoup, Tag

_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_EMPTY_HEAD: Final = re.compile(r"^(\|(?: +\|)+)\n(\|(?: *-{3,} *\|)+)\n(\|.*\|)$", re.MULTILINE)
_DEAD_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:|mailto:)[^)]*\)")
"""A link to a neighbour of the page, who did not come with it: only its words are kept."""
_UNSEEN: Final = "script, style, template, noscript, svg, [hidden], [aria-hidden=true]"
_LEADS_AWAY: Final = (
    "nav, aside, [role=navigation], [role=menu], [role=menubar], [role=search], [role=banner],"
    "[role=contentinfo], [role=complementary]"
)
_NAMED: Final = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|cookies?|social|share)"
    r"(?:$|[-_ ])",
    re.IGNORECASE,
)
"""Names that authors give to menus and their like."""
_LINKED: Final = 0.6
"""The share of a block's letters that stand in links, from which on a block so named is a menu."""
_LEAST: Final = 60
"""Letters that must stay; a page with fewer beside its menus is a page of links."""
_MOST_SPAN: Final = 200


class _Converted(Protocol):
    markdown: str


class _Converter(Protocol):
    def convert(self, file_stream: object, stream_info: object) -> _Converted: ...


def page(html: str) -> str:
    """A web page's own content as Markdown."""
    soup = _seen(html)
    body = soup.body or soup
    whole = _letters(body)
    for block in [*body.select(_LEADS_AWAY), *_beside_the_content(body), *_menus(body)]:
        block.extract()
    main = body.select_one("main, [role=main]")
    if main is not None and _letters(main) >= max(_LEAST, _letters(body) // 2):
        body = main
    if _letters(body) < min(_LEAST, whole):
        soup = _seen(html)
        body = soup.body or soup
    return _DEAD_LINK.sub(r"\1", _markdown(body))


def fragment(html: str) -> str:
    """All of an HTML text as Markdown."""
    soup = _seen(html)
    return _markdown(soup.body or soup)


def title(html: str) -> str:
    """The title that a page gives itself; empty where it gives none."""
    found = BeautifulSoup(html[:100_000], "html.parser").title
    return " ".join(found.get_text().split()) if found else ""


def tidy(text: str) -> str:
    """A picture leaves its description; its data or file name is nobody's text."""
    text = _PICTURE.sub(
        lambda picture: f"[picture: {picture[1]}]" if picture[1].strip() else "", text
    )
    # Word's tables seldom say that their first row is the head: an empty one stands there.
    text = _EMPTY_HEAD.sub(r"\3\n\2", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _seen(html: str) -> BeautifulSoup:
    soup = BeautifulSoup(html, "html.parser")
    for block in soup.select(_UNSEEN):
        block.extract()
    return soup


def _letters(block: Tag) -> int:
    return sum(map(str.isalnum, block.get_text()))


def _beside_the_content(body: Tag) -> list[Tag]:
    """The head and foot of the page; those of an article belong to it."""
    return [
        block
        for block in body.find_all(["header", "footer"])
        if block.find_parent(["main", "article", "section"]) is None and block.find("h1") is None
    ]


def _menus(body: Tag) -> list[Tag]:
    """Blocks with the name of a menu, most of whose letters are links."""
    blocks: list[Tag] = []
    for block in body.find_all(["div", "ul", "ol", "section", "table", "p"]):
        names = [*(block.get_attribute_list("class")), block.get("id")]
        if not any(isinstance(name, str) and _NAMED.search(name) for name in names):
            continue
        linked = sum(_letters(link) for link in block.find_all("a"))
        if linked >= _LINKED * max(_letters(block), 1):
            blocks.append(block)
    return blocks


def _markdown(body: Tag) -> str:
    for table in body.find_all("table"):
        _fill_spans(table)
    made = io.BytesIO(str(body).encode("utf-8", "replace"))
    sys.modules.setdefault("magika", types.ModuleType("magika"))
    from markitdown import StreamInfo, converters

    converter = cast("_Converter", converters.HtmlConverter())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said about odd files, for programmers
        return tidy(converter.convert(made, StreamInfo(charset="utf-8")).markdown)


def _fill_spans(table: Tag) -> None:
    """Puts empty cells where a cell of this table spans others."""
    covered: dict[int, int] = {}
    for row in table.find_all("tr"):
        if row.find_parent("table") is not table:
            continue
        column = 0
        cells = row.find_all(["td", "th"], recursive=False)
        for cell in cells:
            column = _skip_covered(covered, column, cell)
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            for n in range(wide):
                covered[column + n] = high - 1
                if n:
                    cell.insert_after(_empty(cell))
            column += wide
        if cells:
            last = cells[-1]
            while covered.get(column, 0) > 0:
                covered[column] -= 1
                last.insert_after(_empty(last))
                column += 1


def _skip_covered(covered: dict[int, int], column: int, cell: Tag) -> int:
    while covered.get(column, 0) > 0:
        covered[column] -= 1
        cell.insert_before(_empty(cell))
        column += 1
    return column


def _empty(cell: Tag) -> Tag:
    return BeautifulSoup("<td></td>", "html.parser").new_tag(cell.name)


def _span(cell: Tag, name: str) -> int:
    """How many columns or rows a cell spans; the attribute goes, the empty cells say it."""
    given = str(cell.attrs.pop(name, "1"))
    return min(max(int(given), 1), _MOST_SPAN) if given.isascii() and given.isdigit() else 1
