"""What lines on a page mean: tables by their columns, the order of columns, lists, contents."""

# ruff: noqa: E501  (the words of formats are long)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from docpipe.pages import Cell, Line, Page
from docpipe.text import layout, plausibility, reading_order

from tests.support.documents import pages
from tests.support.documents.pages import Placed, drawn, page_pdf

Row = tuple[float, Sequence[tuple[float, str]]]
"""A line's top, and its cells: where they begin and what they say."""


def laid(*rows: Row, size: float = 10) -> list[Line]:
    """Lines at a height, of cells that begin somewhere; a letter is half as wide as high."""
    return [
        Line(
            [Cell(text, left, left + len(text) * size / 2) for left, text in cells],
            top,
            top + size,
            size,
        )
        for top, cells in rows
    ]


def markdown(lines: list[Line]) -> str:
    page = Page(1, "text", 595, 842, lines)
    return layout.markdown_of(page, layout.style_of([page]), set())


def table_of(lines: list[Line]) -> list[list[str]]:
    rows = [line for line in markdown(lines).splitlines() if not line.startswith("| ---")]
    assert all(row.startswith("| ") for row in rows), rows
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]


def test_an_empty_cell_leaves_the_others_in_their_columns() -> None:
    lines = laid(
        (100, [(50, "Region"), (150, "April"), (250, "May"), (350, "June")]),
        (115, [(50, "North"), (150, "1"), (350, "3")]),
        (130, [(50, "South"), (250, "5"), (350, "6")]),
        (145, [(50, "West"), (350, "9")]),
    )
    assert table_of(lines) == [
        ["Region", "April", "May", "June"],
        ["North", "1", "", "3"],
        ["South", "", "5", "6"],
        ["West", "", "", "9"],
    ]


def test_a_cell_that_is_wrapped_stays_one_cell() -> None:
    lines = laid(
        (100, [(50, "Part"), (150, "What it does"), (350, "Price")]),
        (125, [(50, "Sluice"), (150, "lets the water in when"), (350, "12")]),
        (136, [(150, "the tide is high")]),
        (161, [(50, "Wheel"), (150, "turns"), (350, "40")]),
    )
    assert table_of(lines)[1] == ["Sluice", "lets the water in when the tide is high", "12"]
    assert table_of(lines)[2] == ["Wheel", "turns", "40"]


def test_a_cell_over_several_columns_stands_in_the_first_of_them() -> None:
    lines = laid(
        (100, [(50, "Year"), (150, "Sold in spring and in summer")]),
        (115, [(50, "2023"), (150, "April"), (250, "May")]),
        (130, [(50, "2024"), (150, "7"), (250, "8")]),
    )
    assert table_of(lines) == [
        ["Year", "Sold in spring and in summer", ""],
        ["2023", "April", "May"],
        ["2024", "7", "8"],
    ]


def test_numbers_at_the_right_stand_below_a_heading_at_the_left() -> None:
    lines = laid(
        (100, [(50, "Item"), (150, "Count"), (250, "Sum")]),
        (115, [(50, "Nails"), (190, "5"), (280, "10")]),
        (130, [(50, "Screws"), (185, "12"), (280, "36")]),
    )
    assert table_of(lines) == [
        ["Item", "Count", "Sum"],
        ["Nails", "5", "10"],
        ["Screws", "12", "36"],
    ]


def test_a_table_drawn_column_by_column_is_the_same_table() -> None:
    columns = [
        [(100, [(50, "Region")]), (115, [(50, "North")]), (130, [(50, "South")])],
        [(100, [(150, "May")]), (115, [(150, "1")]), (130, [(150, "2")])],
    ]
    lines = laid(*columns[0], *columns[1])
    assert table_of(lines) == [["Region", "May"], ["North", "1"], ["South", "2"]]


def test_text_above_and_below_a_table_is_no_part_of_it() -> None:
    lines = laid(
        (70, [(50, "What was sold in the spring of this year is shown below.")]),
        (100, [(50, "Month"), (150, "Sold")]),
        (115, [(50, "May"), (150, "1")]),
        (145, [(50, "All of it was sold before noon, as in the year before.")]),
    )
    assert markdown(lines) == (
        "What was sold in the spring of this year is shown below.\n\n"
        "| Month | Sold |\n| --- | --- |\n| May | 1 |\n\n"
        "All of it was sold before noon, as in the year before."
    )


LEFT = [f"the left column goes on in line {n}" for n in range(6)]
RIGHT = [f"the right column goes on in line {n}" for n in range(6)]


def columns(order: str) -> list[Line]:
    """A title over two columns, drawn in an order of `T`, `L` and `R`."""
    parts = {
        "T": [(60, [(200, "The title of the page")])],
        "L": [(100 + 12 * n, [(50, text)]) for n, text in enumerate(LEFT)],
        "R": [(100 + 12 * n, [(310, text)]) for n, text in enumerate(RIGHT)],
    }
    return laid(*(line for part in order for line in parts[part]))


@pytest.mark.parametrize("order", ["TLR", "RLT", "LRT", "RTL"])
def test_columns_are_read_from_the_left_and_the_title_first(order: str) -> None:
    found = [line.text for line in reading_order.in_order(columns(order))]
    assert found == ["The title of the page", *LEFT, *RIGHT]


def test_columns_drawn_line_by_line_are_read_one_after_the_other() -> None:
    rows = [
        (100 + 12 * n, [(50, left), (310, right)])
        for n, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
    ]
    assert [line.text for line in reading_order.in_order(laid(*rows))] == [*LEFT, *RIGHT]


def test_a_heading_over_both_columns_parts_what_is_above_from_what_is_below() -> None:
    wide = (
        180,
        [(50, "A heading that stands over both of the columns of this page, in the middle")],
    )
    lower = [
        (200 + 12 * n, [(50, a), (310, b)])
        for n, (a, b) in enumerate(zip(LEFT, RIGHT, strict=True))
    ]
    lines = [*columns("RL"), *laid(wide, *lower)]
    found = [line.text for line in reading_order.in_order(lines)]
    assert found == [*LEFT, *RIGHT, wide[1][0][1], *LEFT, *RIGHT]


def test_korean_columns_are_columns_with_half_as_many_letters() -> None:
    left, right = (
        [f"왼쪽 단의 글이 이어집니다 {n}" for n in range(5)],
        [f"오른쪽 단의 글이 이어집니다 {n}" for n in range(5)],
    )
    lines = [
        Line([Cell(text, x, x + 200)], 100 + 14 * n, 110 + 14 * n, 10)
        for x, texts in ((320, right), (60, left))
        for n, text in enumerate(texts)
    ]
    assert [line.text for line in reading_order.in_order(lines)] == [*left, *right]


def test_of_lines_of_uneven_length_none_is_taken_for_a_heading_over_both_columns() -> None:
    long = (100 + 12 * 6, [(50, "the longest line of this column reaches far in")])
    lines = [
        *columns("RL"),
        *laid(long),
        *laid((100 + 12 * 7, [(50, "the last line of the left")])),
    ]
    found = [line.text for line in reading_order.in_order(lines)]
    assert found == [*LEFT, long[1][0][1], "the last line of the left", *RIGHT]


@pytest.mark.parametrize(
    "bullet", ["•", "●", "○", "■", "□", "▶", "◆", "※", "①", "㉠", "ㅇ", "가.", "(1)"]
)
def test_a_bullet_begins_an_entry_of_its_own(bullet: str) -> None:
    lines = laid((100, [(50, f"{bullet} 첫째 항목")]), (112, [(50, f"{bullet} 둘째 항목")]))
    assert len(markdown(lines).split("\n\n")) == 2


def test_bullets_that_say_nothing_go_and_those_that_say_something_stay() -> None:
    assert markdown(laid((100, [(50, "○ 추진 배경")]))) == "- 추진 배경"
    assert markdown(laid((100, [(50, "□추진 배경")]))) == "- □추진 배경"
    assert markdown(laid((100, [(50, "① 추진 배경")]))) == "- ① 추진 배경"


def test_dots_that_lead_to_page_numbers_are_no_text() -> None:
    lines = laid(
        (100, [(50, "Introduction . . . . . . . . . . . . . . 3")]),
        (112, [(50, "머리말 ······························ 12")]),
        (124, [(50, "Annex"), (150, "........................"), (400, "iv")]),
    )
    assert table_of(lines) == [["Introduction", "3"], ["머리말", "12"], ["Annex", "iv"]]


def test_addresses_of_links_stay_out_of_the_text() -> None:
    page = Page(
        1, "markup", markup="See [the page](https://example.org/a_(b)) and ![x](https://e.org)."
    )
    assert markdown_of_markup(page) == "See the page and ![x](https://e.org)."


def markdown_of_markup(page: Page) -> str:
    return layout.markdown_of(page, layout.style_of([page]), set())


MENU = "<nav><a href='/a'>Home</a> <a href='/b'>Products</a></nav>"
WEB = f"""<html><head><title>T</title></head><body><header>{MENU}<a href="/">The company</a></header>
<ul class="main-menu"><li><a href=a>One way</a></li><li><a href=b>Another way</a></li></ul>
<div id="content"><h1>Tide tables</h1><p>Open when the tide allows it, as the table says.</p>
<table><tr><th rowspan=2>Day</th><th colspan=2>Open</th></tr><tr><td>from</td><td>to</td></tr>
<tr><td>Mon</td><td>9</td><td>17</td></tr></table>
<ul><li>Bring a coat</li></ul></div>
<aside>Read also: <a href=x>Ten other stories</a></aside><footer>Imprint</footer></body></html>"""


def test_a_web_page_is_its_content_with_its_tables_and_without_its_menus(tmp_path: Path) -> None:
    (path := tmp_path / "a.html").write_text(WEB)
    (page,) = pages.pages(path)
    assert page.text == (
        "# Tide tables\n\nOpen when the tide allows it, as the table says.\n\n"
        "| Day | Open |  |\n| --- | --- | --- |\n|  | from | to |\n| Mon | 9 | 17 |\n\n* Bring a coat"
    )


def test_a_page_of_nothing_but_links_keeps_them(tmp_path: Path) -> None:
    (path := tmp_path / "a.html").write_text(f"<html><body>{MENU}</body></html>")
    assert "Products" in pages.pages(path)[0].text


def test_a_letter_beyond_ffff_is_kept_of_a_pdf(tmp_path: Path) -> None:
    to_unicode = (
        "1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <41> <D835DC65> endbfchar"
    )
    fonts = (
        "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >> >>"
    )
    stream = f"<< /Length {len(to_unicode)} >>\nstream\n{to_unicode}\nendstream"
    (path := tmp_path / "a.pdf").write_bytes(
        page_pdf(drawn([(72, 100, "A = 2")]), fonts=fonts, more=[stream])
    )
    assert pages.pages(path)[0].text == "\U0001d465 = 2"


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_that_is_shown_turned_is_read_as_it_is_shown(turned: int, tmp_path: Path) -> None:
    matrix = {
        0: "1 0 0 1 0 0",
        90: "0 1 -1 0 842 0",
        180: "-1 0 0 -1 595 842",
        270: "0 -1 1 0 0 595",
    }
    drawing = f"q {matrix[turned]} cm\n{drawn([(72, 480, 'Day'), (172, 480, 'Open')])}"
    drawing += f"{drawn([(72, 500, 'Monday'), (172, 500, 'from nine')])} Q"
    (path := tmp_path / "a.pdf").write_bytes(page_pdf(drawing, about=f"/Rotate {turned}"))
    text = pages.markdown(*pages.pages(path))
    assert text == "| Day | Open |\n| --- | --- |\n| Monday | from nine |"


def test_a_page_whose_corner_is_elsewhere_is_read_from_its_own_corner(tmp_path: Path) -> None:
    (path := tmp_path / "a.pdf").write_bytes(page_pdf(drawn([(72, 100, "A word")]), high=230))
    (line,) = pages.pages(path)[0].lines
    assert 80 < line.top < line.bottom < 110


def test_a_pdf_is_read_in_the_order_of_its_columns(tmp_path: Path) -> None:
    words: list[Placed] = [
        *((310.0, 100.0 + 14 * n, text) for n, text in enumerate(RIGHT)),
        *((50.0, 100.0 + 14 * n, text) for n, text in enumerate(LEFT)),
        (200.0, 60.0, "The title of the page"),
    ]
    (path := tmp_path / "a.pdf").write_bytes(page_pdf(drawn(words)))
    text = " ".join(pages.markdown(*pages.pages(path)).split())
    assert text == " ".join(["The title of the page", *LEFT, *RIGHT])


def test_fields_that_were_filled_in_and_notes_are_read(tmp_path: Path) -> None:
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Anna Kim) /Rect [150 700 300 720]"
        " /F 4 /P 3 0 R /DA (/F1 10 Tf) >>"
    )
    note = "<< /Type /Annot /Subtype /FreeText /Contents (paid in full) /Rect [350 700 500 720] /F 4 >>"
    (path := tmp_path / "a.pdf").write_bytes(
        page_pdf(
            drawn([(72, 135, "Name of the applicant:")]),
            about="/Annots [5 0 R 6 0 R]",
            more=[field, note],
            catalogue="/AcroForm << /Fields [5 0 R] >>",
        )
    )
    text = pages.pages(path)[0].text
    assert text.count("Anna Kim") == text.count("paid in full") == 1


@pytest.mark.parametrize(
    "text",
    [
        "Wklv lv d whvw ri d vkliwhg irqw zklfk jlyhv qrwklqj wkdw rqh frxog uhdg dw doo",
        "\ue001\ue002 \ue003\ue004 \ue005",
        "!#$ %&( )*+ ,-. /01 :;< =>? @[] ^_` {|} ~!! ##$ %%& (() )** ++,",
    ],
)
def test_letters_without_sense_are_no_language(text: str) -> None:
    assert not plausibility.is_language(text)


@pytest.mark.parametrize(
    "text",
    [
        "The mill turns with the tide and the wheel is greased once a week by Mr Lynch.",
        "물레방아는 조수로 돌아가며 한 주에 한 번 기름을 칩니다 그리고 문을 닫습니다 날마다 아침에 일찍",
        "Invoice 2024-17 Nails 5 10.00 Screws 12 36.00 Total 46.00 VAT 7% 3.22 Sum 49.22",
        "FAX",
    ],
)
def test_words_and_numbers_are_a_language(text: str) -> None:
    assert plausibility.is_language(text)
