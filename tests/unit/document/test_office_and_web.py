"""Slides, sheets and web pages: their words, tables and order come out of extract and markdown."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import office_texts as texts
import openpyxl
import pytest
from docpipe.outputs import Classify, Extract, Markdown, Summarize, read_pages
from docpipe.pages import Page
from docpipe.text import sentences

from tests.unit.document.chain import Chain
from tests.unit.document.conftest import SAMPLES

STAGES = ("extract", "markdown", "chunk", "fulltext", "classify", "summarize")


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Chain]:
    """A run of each sample."""
    files = {"slides": "pptx", "workbook": "xlsx", "visit": "html"}
    return {
        name: Chain(
            tmp_path_factory.mktemp(name), SAMPLES / f"document-{name}.{ending}", {"lang": "eng"}
        ).run_all(*STAGES)
        for name, ending in files.items()
    }


def pages_of(chain: Chain) -> list[Page]:
    return list(read_pages(chain.file("extract", "pages.jsonl")))


def document(chain: Chain) -> str:
    return chain.file("markdown", "document.md").read_text()


def rows_in(text: str) -> list[list[str]]:
    """Cells of the first Markdown table, without the line under its head."""
    lines = text.split("| ---", maxsplit=1)
    head = lines[0].rstrip().splitlines()[-1]
    body = [line for line in lines[1].splitlines()[1:] if line]
    whole = [head, *body[: next((n for n, x in enumerate(body) if x[0] != "|"), len(body))]]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in whole]


def test_the_slides_come_in_the_order_in_which_they_are_shown(chains: dict[str, Chain]) -> None:
    with zipfile.ZipFile(SAMPLES / "document-slides.pptx") as archive:
        first = archive.read("ppt/slides/slide1.xml").decode()
    assert texts.SLIDES[0].title not in first, "by its files the deck would begin elsewhere"
    pages = pages_of(chains["slides"])
    assert [page.number for page in pages] == [1, 2, 3, 4]
    assert [page.text.split("\n")[0] for page in pages] == [f"# {s.title}" for s in texts.SLIDES]
    text = document(chains["slides"])
    places = [text.index(f"# {slide.title}\n") for slide in texts.SLIDES]
    assert places == sorted(places)


def test_every_point_and_note_stands_on_its_slide_as_a_paragraph(chains: dict[str, Chain]) -> None:
    for page, slide in zip(pages_of(chains["slides"]), texts.SLIDES, strict=True):
        paragraphs = page.text.split("\n\n")
        assert [p for p in (*slide.points, slide.notes) if p and p not in paragraphs] == []
    assert f"[picture: {texts.SLIDES[1].picture}]" in document(chains["slides"])


def test_the_table_of_a_slide_comes_back_cell_by_cell(chains: dict[str, Chain]) -> None:
    found = rows_in(pages_of(chains["slides"])[2].text)
    assert found == [list(row) for row in texts.SLIDES[2].table]


def test_slides_have_sentences_to_summarize(chains: dict[str, Chain]) -> None:
    made = chains["slides"].read("summarize", Summarize)
    said = {point for slide in texts.SLIDES for point in (*slide.points, slide.notes)}
    assert len(made.sentences) >= 3
    assert {sentence.text for sentence in made.sentences} <= said


def test_sheets_come_in_order_with_their_names_numbers_and_dates(chains: dict[str, Chain]) -> None:
    pages = pages_of(chains["workbook"])
    assert [page.text.split("\n")[0] for page in pages] == [f"## {s.name}" for s in texts.SHEETS]
    flour = rows_in(pages[0].text)
    assert flour[0] == list(texts.SHEETS[0].rows[0])
    assert flour[1] == ["April", "1.25", "0.95", "0.76", dt.date(2023, 4, 8).isoformat()]
    visits = rows_in(pages[1].text)
    assert visits[2] == ["Walkers", "1206", r"counted at the gate \| by hand"]
    assert visits[3][0] == "손님 (from Korea)"


def test_a_formula_gives_the_value_that_stands_beside_it(chains: dict[str, Chain]) -> None:
    assert rows_in(pages_of(chains["workbook"])[0].text)[-1][:4] == [
        "Sum", "3.75", "2.86", "0.7626666667",
    ]  # fmt: skip


def test_a_formula_without_a_stored_value_is_shown_as_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Hours"], [7], [4], ["=SUM(A2:A3)"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    chain = Chain(tmp_path / "run", tmp_path / "a.xlsx").run_all("extract")
    assert rows_in(pages_of(chain)[0].text) == [["Hours"], ["7"], ["4"], ["=SUM(A2:A3)"]]


def test_a_workbook_is_data_and_its_summary_is_skipped_with_a_reason(
    chains: dict[str, Chain],
) -> None:
    assert chains["workbook"].read("classify", Classify).label == "data"
    assert chains["workbook"].outcomes["summarize"] == "Skipped"
    assert chains["workbook"].reason("summarize") == "NoSentences"


def test_title_and_author_come_from_the_files(chains: dict[str, Chain]) -> None:
    titles = {
        "slides": texts.SLIDES_TITLE,
        "workbook": texts.SHEETS_TITLE,
        "visit": "Visit the tide mill",
    }
    for name, title in titles.items():
        about = chains[name].read("extract", Extract).document
        assert (about.title, about.author) == (title, "" if name == "visit" else texts.AUTHOR)
        assert chains[name].read("markdown", Markdown).title == title


def test_a_web_page_leaves_its_words_and_nothing_of_its_workings(chains: dict[str, Chain]) -> None:
    text = " ".join(document(chains["visit"]).split())
    assert [part for part in texts.PAGE_SAYS if part not in text] == []
    for word in ("color", "no text of the page", "whoever edits", "tides.html", "<"):
        assert word not in text
    found = [heading.text for heading in chains["visit"].read("markdown", Markdown).headings]
    assert found == ["Visit the tide mill", "Opening hours", "How to find us", "한국어 안내"]
    assert set(chains["visit"].read("extract", Extract).scripts) == {"Latin", "Hangul"}


def test_links_into_the_world_are_kept_and_dead_ones_leave_their_words(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<html><body><p>See <a href='https://example.org/a'>the page</a>, "
        "<a href='b.html'>its neighbour</a>, <a href='#c'>below</a> and "
        "<img src='data:image/png;base64,AAAA' alt='a gate'><img src='x.png'>.</p></body></html>"
    )
    chain = Chain(tmp_path / "run", tmp_path / "a.html").run_all("extract")
    assert pages_of(chain)[0].text == (
        "See [the page](https://example.org/a), its neighbour, below and [picture: a gate]."
    )


def test_each_entry_of_a_list_is_a_sentence_of_its_own() -> None:
    found = sentences.sentences("* bring a coat for the dam\n* the lane floods twice a month.\n")
    assert [sentence.text for sentence in found] == [
        "bring a coat for the dam",
        "the lane floods twice a month.",
    ]
