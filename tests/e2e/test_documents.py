"""The document job with every sample: from the file to search, label and summaries."""

import difflib
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import office_texts
import pytest
import sample_texts

from tests.support.cluster.commands import Document
from tests.support.cluster.documents import (
    SAMPLES,
    Done,
    finished,
    sample,
    side_by_side,
    table_in,
    uploaded,
)
from tests.support.cluster.space import Space
from tests.support.cluster.waiting import Condition, stage_in

SECONDS = 840.0
"""For all runs together: a machine that computes for others needs this long."""
MACHINES = {
    "classify": {"macmini"},
    "summarize": {"macmini", "macbook"},
    "deep_summary": {"macbook", "macmini"},
}
"""The map of machines; all other stages belong on gpu."""
SCAN = "document-scan"
"""The run that begins alone, with the machines for itself."""
BESIDE = (("extract", "preview", "thumbnail"), ("fulltext", "embed"), ("classify", "summarize"))
"""Stages that do not wait for each other."""


@dataclass(frozen=True)
class Known:
    """What is known of a document."""

    says: tuple[str, ...] = ()
    """Parts of it that must come back word for word."""
    search: str = ""
    label: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    summarized: bool = True


def table_of(sections: tuple[sample_texts.Section, ...]) -> tuple[tuple[str, ...], ...]:
    """The table of a document."""
    return next(section.table for section in sections if section.table)


SLIDES = office_texts.SLIDES
SAYS = {
    "document-report": Known(
        tuple(sample_texts.sentences_of(sample_texts.REPORT)),
        "avocets",
        "report",
        table_of(sample_texts.REPORT),
    ),
    "document-minutes": Known(
        tuple(sample_texts.sentences_of(sample_texts.MINUTES)),
        "insurer",
        "minutes",
        table_of(sample_texts.MINUTES),
    ),
    "document-korean": Known(
        tuple(sample_texts.sentences_of(sample_texts.KOREAN)), "저수지는", "report"
    ),
    SCAN: Known(
        (
            "Notes for the keeper of the stones",
            "A wheel that starts with a jerk will break its oldest paddle first",
            "The gate has held for a hundred years",
            "What is not written down will be argued about in winter",
        ),
        "sluice",
    ),
    "document-korean-scan": Known(search="저수지가"),
    "document-slides": Known(
        tuple(part for slide in SLIDES for part in (*slide.points, slide.notes, slide.picture)),
        "winch",
        table=SLIDES[2].table,
    ),
    "document-workbook": Known(
        ("## Flour by month", "## Visitors", "손님 (from Korea)"),
        "Walkers",
        "data",
        (
            ("Month", "Wheat (t)", "Flour (t)", "Share", "First sold"),
            ("April", "1.25", "0.95", "0.76", "2023-04-08"),
            ("May", "1.4", "1.085", "0.775", "2023-05-03"),
            ("June", "1.1", "0.825", "0.75", "2023-06-10"),
            ("Sum", "3.75", "2.86", "0.7626666667", ""),
        ),
        summarized=False,
    ),
    "document-visit": Known(office_texts.PAGE_SAYS, "bicycles"),
}
"""Documents with words. Speech is the one without, as long as no endpoint listens to it."""
SPEECH = "document-speech"
TABLES = [name for name, known in SAYS.items() if known.table]
LABELS = [name for name, known in SAYS.items() if known.label]


@pytest.fixture(scope="module")
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """A run of every sample; all but the scan's wait until that one has been read."""
    names = sorted(path.stem for path in SAMPLES.glob("document-*.yaml"))
    space.apply(sample("pipeline-document"))
    jobs = side_by_side(lambda name: uploaded(space, name), names)
    space.apply(jobs.pop(SCAN))
    space.wait_for(SCAN, has_ended("extract"), SECONDS)
    space.apply(*jobs.values())
    folder = tmp_path_factory.mktemp("documents")
    return side_by_side(lambda name: finished(space, name, folder, SECONDS), names)


def has_ended(stage: str) -> Condition:
    """The stage has left its result."""
    return Condition(f"past {stage}", lambda run: "completionTime" in stage_in(run, stage))


@pytest.fixture(params=[*SAYS, SPEECH])
def done(request: pytest.FixtureRequest, runs: dict[str, Done]) -> Done:
    """Each of the finished runs."""
    return runs[request.param]


@pytest.fixture(params=SAYS)
def read(request: pytest.FixtureRequest, runs: dict[str, Done]) -> Done:
    """Each finished run of a document with words."""
    return runs[request.param]


def stages() -> list[Document]:
    """The stages of the sample pipeline."""
    listed: list[Document] = sample("pipeline-document")["spec"]["stages"]
    return listed


def test_every_sample_has_run(runs: dict[str, Done]) -> None:
    assert set(runs) == {*SAYS, SPEECH}


def test_every_stage_ran_once_and_on_a_node_of_its_class(done: Done) -> None:
    assert done.run["status"]["progress"] == "11/11"
    assert done.run["status"]["retries"] == 0
    pods = {
        pod["metadata"]["labels"]["stagework.dev/stage"]: pod["spec"]["nodeName"]
        for pod in done.space.pods_of(done.name)
    }
    nodes = {
        name: done.space.api.get(f"/api/v1/nodes/{name}")["metadata"]["labels"]
        for name in set(pods.values())
    }
    for stage in stages():
        name = stage["name"]
        label = nodes[pods[name]]["stagework.dev/machine"]
        assert label in MACHINES.get(name, {"gpu"}), name
        status = done.stages[name]
        assert (status["machine"], status["node"]) == (label, pods[name])


def test_only_stages_with_nothing_to_do_are_skipped_and_each_says_why(read: Done) -> None:
    skipped = {
        name: stage["reason"] for name, stage in read.stages.items() if stage["state"] == "Skipped"
    }
    no_prose = dict.fromkeys(("summarize", "deep_summary"), "NoSentences")
    wanted = {"stt": "NoSound"} | ({} if SAYS[read.name].summarized else no_prose)
    assert skipped == wanted
    others = {stage["state"] for name, stage in read.stages.items() if name not in wanted}
    assert others == {"Succeeded"}


def test_speech_without_an_endpoint_is_skipped_and_so_is_all_that_wants_text(
    runs: dict[str, Done],
) -> None:
    statuses = runs[SPEECH].stages
    assert {stage["state"] for stage in statuses.values()} == {"Skipped"}
    assert statuses["stt"]["reason"] == "NoEndpoint"
    assert "wants a transcription endpoint" in statuses["stt"]["message"]
    assert {statuses[name]["reason"] for name in ("extract", "preview", "thumbnail")} == {"NoPages"}
    text_stages = set(statuses) - {"stt", "extract", "preview", "thumbnail"}
    assert {statuses[name]["reason"] for name in text_stages} == {"NoText"}
    seconds = runs[SPEECH].result("stt")["values"]["seconds"]
    assert 5 < seconds < 15


def test_no_stage_began_before_those_that_it_needs_had_ended(done: Done) -> None:
    for stage in stages():
        began = done.stages[stage["name"]]["startTime"]
        for needed in stage["dependsOn"]:
            assert done.stages[needed]["completionTime"] <= began, (needed, stage["name"])


def test_stages_that_do_not_wait_for_each_other_ran_side_by_side(runs: dict[str, Done]) -> None:
    """In one run at least: each stage takes a second or two, and times are whole seconds."""
    times = {
        name: {stage: (at["startTime"], at["completionTime"]) for stage, at in run.stages.items()}
        for name, run in runs.items()
    }
    together = [
        (name, one, other)
        for name, at in times.items()
        for one, other in chain.from_iterable(combinations(layer, 2) for layer in BESIDE)
        # What only touches does not count.
        if max(at[one][0], at[other][0]) < min(at[one][1], at[other][1])
    ]
    assert together, times


def test_the_words_of_the_document_are_in_its_markdown(read: Done) -> None:
    assert [part for part in SAYS[read.name].says if part not in read.words] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_table_comes_back_cell_by_cell(name: str, runs: dict[str, Done]) -> None:
    assert table_in(runs[name].text) == [list(row) for row in SAYS[name].table]


def test_slides_stand_in_the_order_in_which_they_are_shown(runs: dict[str, Done]) -> None:
    pages = runs["document-slides"].lines("extract", "pages.jsonl")
    assert [page["markup"].split("\n")[0] for page in pages] == [f"# {s.title}" for s in SLIDES]


@pytest.mark.parametrize(
    ("name", "language", "printed", "least"),
    [
        (SCAN, "eng", sample_texts.SCAN, 0.98),
        ("document-korean-scan", "kor", sample_texts.KOREAN_SCAN, 0.88),
    ],
)
def test_scanned_pages_are_read_by_tesseract_in_their_language(
    name: str, language: str, printed: tuple[str, ...], least: float, runs: dict[str, Done]
) -> None:
    (page,) = runs[name].output("extract")["read"]
    assert (page["source"], page["languages"]) == ("ocr", language)
    recognized, wanted = ("".join(text.split()) for text in (runs[name].text, "".join(printed)))
    assert difflib.SequenceMatcher(None, wanted, recognized, autojunk=False).ratio() > least


def test_a_word_is_found_by_search(read: Done) -> None:
    word = SAYS[read.name].search
    answer = read.space.stagework("search", read.name, word, "--to", str(read.folder))
    assert answer.ok, answer.printed
    assert word in answer.out.replace("Bicycles", "bicycles")


def test_a_word_that_is_not_there_is_not_found(runs: dict[str, Done]) -> None:
    report = runs["document-report"]
    nothing = report.space.stagework("search", report.name, "submarine", "--to", str(report.folder))
    assert not nothing.ok or "submarine" not in nothing.out


def test_every_chunk_has_a_vector(read: Done) -> None:
    chunks = [chunk["id"] for chunk in read.output("chunk")["chunks"]]
    assert chunks
    assert read.output("embed")["ids"] == chunks


@pytest.mark.parametrize("name", LABELS)
def test_a_document_of_a_known_kind_has_its_label(name: str, runs: dict[str, Done]) -> None:
    assert runs[name].output("classify")["label"] == SAYS[name].label


def test_its_summaries_are_its_own_sentences(read: Done) -> None:
    if not SAYS[read.name].summarized:
        assert not (read.folder / "summarize" / "summarize.json").exists()
        return
    summary = read.output("summarize")
    assert len(summary["sentences"]) >= 3
    assert all(
        " ".join(sentence["text"].split()) in read.words for sentence in summary["sentences"]
    )
    deep: dict[str, Any] = read.output("deep_summary")
    assert deep["overview"] == summary["summary"]
    assert deep["sections"]
    assert all(section["summary"] for section in deep["sections"])


def test_each_output_says_that_it_was_made_by_the_built_in_method(read: Done) -> None:
    for name, stage in read.stages.items():
        if stage["state"] == "Succeeded":
            by_parts = name == "embed" and "korean" in read.name
            wanted = "builtin-ngrams" if by_parts else "builtin"
            assert read.output(name)["method"] == wanted, name
