"""Finished runs of the samples: outputs hold what the documents say, not only files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import sample_texts as texts
import stagefiles
from docpipe import outputs
from docpipe.__main__ import STAGES
from docpipe.encoding import encoder
from docpipe.outputs import (
    Chunk,
    Classify,
    DeepSummary,
    Embed,
    Extract,
    Markdown,
    Preview,
    Summarize,
    Thumbnail,
)
from docpipe.text import search_index
from PIL import Image

from tests.unit.document.chain import Chain
from tests.unit.document.conftest import ROOT, SAMPLES


def document(chain: Chain) -> str:
    return chain.file("markdown", "document.md").read_text()


@pytest.mark.parametrize("name", ["report", "minutes", "korean", "scan"])
def test_every_output_fits_its_published_schema_and_names_its_method(
    name: str, request: pytest.FixtureRequest
) -> None:
    chain: Chain = request.getfixturevalue(name)
    for stage in STAGES:
        if chain.outcomes[stage] != "Succeeded":
            continue
        by_parts = (name, stage) == ("korean", "embed")
        assert chain.published(stage)["method"] == ("builtin-ngrams" if by_parts else "builtin")
    line = json.loads(chain.file("extract", "pages.jsonl").read_text().splitlines()[0])
    jsonschema.validate(line, json.loads((Chain.SCHEMAS / "extract_page.json").read_text()))


def test_the_published_schemas_are_those_of_the_types() -> None:
    for name, kind in (outputs.OUTPUTS | outputs.LINES).items():
        assert (Chain.SCHEMAS / f"{name}.json").read_bytes() == stagefiles.schema(name, kind)


def test_only_stt_is_skipped_and_says_why(report: Chain) -> None:
    assert {stage for stage, end in report.outcomes.items() if end == "Skipped"} == {"stt"}
    assert report.reason("stt") == "NoSound"


def test_each_page_of_the_report_is_an_item(report: Chain) -> None:
    pages = report.read("extract", Extract).pages
    assert pages >= 2
    assert [item["id"] for item in report.items("extract")] == [
        f"page {n + 1}" for n in range(pages)
    ]
    assert len(report.items("preview")) == pages


@pytest.mark.parametrize(("name", "said"), [("report", texts.REPORT), ("minutes", texts.MINUTES)])
def test_every_sentence_and_heading_comes_back(
    name: str, said: tuple[texts.Section, ...], request: pytest.FixtureRequest
) -> None:
    chain: Chain = request.getfixturevalue(name)
    text = " ".join(document(chain).split())
    assert [s for s in texts.sentences_of(said) if s not in text] == []
    headings = [heading.text for heading in chain.read("markdown", Markdown).headings]
    assert headings[1:] == [section.heading for section in said]


@pytest.mark.parametrize(("name", "said"), [("report", texts.REPORT), ("minutes", texts.MINUTES)])
def test_the_table_comes_back_cell_by_cell(
    name: str, said: tuple[texts.Section, ...], request: pytest.FixtureRequest
) -> None:
    chain: Chain = request.getfixturevalue(name)
    rows = next(section.table for section in said if section.table)
    wanted = ["| " + " | ".join(row) + " |" for row in rows]
    found = [line for line in document(chain).splitlines() if line.startswith("|")]
    assert [found[0], *found[2:]] == wanted


def test_what_stands_at_the_foot_of_every_page_is_dropped(report: Chain) -> None:
    assert "Mill Trust" not in document(report)
    assert report.read("markdown", Markdown).dropped


def test_korean_comes_back_as_it_was(korean: Chain) -> None:
    text = " ".join(document(korean).split())
    assert [s for s in texts.sentences_of(texts.KOREAN) if s not in text] == []


def test_the_scan_is_read_with_hardly_a_mistake(scan: Chain) -> None:
    page = scan.read("extract", Extract).read[0]
    assert (page.source, page.languages) == ("ocr", "eng")
    text = " ".join(document(scan).split())
    said = [s.strip(" .") for p in texts.SCAN[2:] for s in p.split(". ")]
    assert sum(s in text for s in said) >= len(said) - 1


def test_chunks_cover_the_document_and_know_their_section_and_page(report: Chain) -> None:
    text = document(report).rstrip("\n")
    chunks = report.read("chunk", Chunk).chunks
    assert all(text[c.start : c.end] == c.text for c in chunks)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(text.split())
    costs = next(c for c in chunks if "1.84 million" in c.text)
    assert costs.section == "Costs"
    assert costs.pages


def test_vectors_find_the_chunk_that_answers(report: Chain) -> None:
    about = report.read("embed", Embed)
    rows = np.load(report.file("embed", "vectors.npy"))
    assert rows.shape == (len(about.ids), 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    asked = encoder.builtin().encode(["How much did the restoration cost?"])
    best = about.ids[int(np.argmax(rows @ asked[0]))]
    chunk = next(c for c in report.read("chunk", Chunk).chunks if c.id == best)
    assert "1.84 million" in chunk.text


def test_the_index_is_searched_from_the_command_line(report: Chain) -> None:
    path = report.file("fulltext", "index.sqlite")
    command = [sys.executable, "-m", "docpipe", "search", str(path)]
    folders = ("images/document", "images/shared", "operator")
    environment = {"PYTHONPATH": ":".join(str(ROOT / folder) for folder in folders)}
    found = subprocess.run(
        [*command, "avocets"], env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0
    assert "[avocets]" in found.stdout
    nothing = subprocess.run(
        [*command, "submarine"], env=environment, capture_output=True, check=False
    )
    assert nothing.returncode == 1
    wrong = [*command[:-1], str(path.with_name("fulltext.json")), "mill"]
    refused = subprocess.run(wrong, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "cannot be searched" in refused.stderr


@pytest.mark.parametrize("query", ["수문", "배좀벌레가", "새", "물레 달이"])
def test_korean_is_found_by_words_of_any_length(query: str, korean: Chain) -> None:
    hits = search_index.search(korean.file("fulltext", "index.sqlite"), query)
    assert hits
    assert "[" in hits[0].extract


@pytest.mark.parametrize("query", ['"', 'a" OR b', "NEAR(", "%", "*", "mill AND NOT", "'; --", ""])
def test_a_query_is_words_and_never_a_command(query: str, report: Chain) -> None:
    search_index.search(report.file("fulltext", "index.sqlite"), query)


def test_page_pictures_show_the_pages(report: Chain) -> None:
    made = report.read("preview", Preview)
    assert {p.rendering for p in made.pictures} == {"page"}
    with Image.open(report.file("preview", f"pages/{made.pictures[0].file}")) as image:
        assert max(image.size) == 1200
        low, high = image.convert("L").getextrema()
    assert (low, high) < (60, 256)
    small = report.read("thumbnail", Thumbnail)
    assert max(small.width, small.height) == 320


def test_a_docx_is_shown_as_text_and_says_so(minutes: Chain) -> None:
    assert {p.rendering for p in minutes.read("preview", Preview).pictures} == {"text"}


@pytest.mark.parametrize(
    ("name", "label"), [("report", "report"), ("minutes", "minutes"), ("korean", "report")]
)
def test_the_nearest_label_is_the_right_one(
    name: str, label: str, request: pytest.FixtureRequest
) -> None:
    chain: Chain = request.getfixturevalue(name)
    assert chain.read("classify", Classify).label == label


@pytest.mark.parametrize("name", ["report", "minutes", "korean"])
def test_the_summary_is_made_of_the_documents_own_sentences(
    name: str, request: pytest.FixtureRequest
) -> None:
    chain: Chain = request.getfixturevalue(name)
    text = " ".join(document(chain).split())
    made = chain.read("summarize", Summarize)
    assert 3 <= len(made.sentences) <= 5
    assert all(sentence.text in text for sentence in made.sentences)
    assert made.compared_by == ("letters" if name == "korean" else "embeddings")
    starts = [sentence.start for sentence in made.sentences]
    assert starts == sorted(starts)


def test_the_deep_summary_has_every_section(report: Chain) -> None:
    made = report.read("deep_summary", DeepSummary)
    assert [s.heading for s in made.sections] == [s.heading for s in texts.REPORT]
    costs = next(s for s in made.sections if s.heading == "Costs")
    assert "pounds" in costs.summary
    assert report.file("deep_summary", "deep_summary.md").read_text().startswith("# The tide mill")


def test_speech_is_decoded_and_skipped_for_want_of_an_endpoint(tmp_path: Path) -> None:
    chain = Chain(tmp_path, SAMPLES / "document-speech.opus").run_all()
    assert chain.reason("stt") == "NoEndpoint"
    seconds = chain.values("stt")["seconds"]
    assert isinstance(seconds, float)
    assert 5 < seconds < 15
    assert chain.reason("extract") == "NoPages"
    assert chain.reason("deep_summary") == "NoText"


def test_given_labels_are_used_instead(report: Chain, tmp_path: Path) -> None:
    chain = Chain(tmp_path, report.source, {"labels": "football, water mills, tax law"})
    chain.run_all("extract", "markdown", "chunk", "classify")
    assert chain.read("classify", Classify).label == "water mills"
