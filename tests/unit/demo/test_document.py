"""What `make demo` says at the end of a document."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hack.demo.document import kind, show_document
from stagework.cli.commands.session import Session
from stagework.cli.outputs import Fetched, Scalar, StageResult
from stagework.cli.text.terminal import Terminal


def fetched(folder: Path, stage: str, values: dict[str, Scalar], files: dict[str, Any]) -> Fetched:
    """A stage's results as they lie in a folder."""
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    result = StageResult(stage=stage, method="builtin", values=values)
    return Fetched(result, tuple(str(folder / name) for name in files))


def index(folder: Path) -> Fetched:
    with closing(sqlite3.connect(folder / "index.sqlite")) as base:
        base.execute(
            "CREATE VIRTUAL TABLE chunks USING fts5"
            "(text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram')"
        )
        base.execute("INSERT INTO chunks VALUES ('The basin is full.', 'Water', '1', '2')")
        base.commit()
    return Fetched(StageResult(stage="fulltext"), (str(folder / "index.sqlite"),))


def shown(stages: list[Fetched], capsys: pytest.CaptureFixture[str]) -> list[str]:
    session = cast("Session", SimpleNamespace(terminal=Terminal()))
    show_document(session, "report", stages)
    return capsys.readouterr().out.splitlines()


def test_label_whole_summary_and_a_search_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "A sentence that is long enough to be cut where values are short, " * 4
    sentences = [{"text": long}, {"text": "The second one."}]
    stages = [
        index(tmp_path),
        fetched(tmp_path, "classify", {"label": "report", "sure": True}, {}),
        fetched(
            tmp_path,
            "summarize",
            {"summary": long[:200]},
            {"summarize.json": {"summary": f"{long} The second one.", "sentences": sentences}},
        ),
        fetched(tmp_path, "deep_summary", {"keywords": "mill, basin, gate"}, {}),
    ]
    assert shown(stages, capsys) == [
        "",
        "report is a report. Its summary (method builtin):",
        f"  {long}",
        "  The second one.",
        "",
        "`stagework search report basin` finds:",
        "PAGE   SECTION   FOUND",
        "2      Water     The [basin] is full.",
    ]


def test_a_summary_in_an_endpoints_words_is_one_text_and_doubt_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written: dict[str, Any] = {"summary": "It is about a mill.", "sentences": []}
    stages = [
        fetched(tmp_path, "classify", {"label": "invoice", "sure": False}, {}),
        fetched(tmp_path, "summarize", {}, {"summarize.json": written}),
    ]
    assert shown(stages, capsys) == [
        "",
        "report is an invoice, probably. Its summary (method builtin):",
        "  It is about a mill.",
    ]


def test_a_label_that_is_none_is_not_called_one() -> None:
    assert kind({"label": "unknown", "sure": False}) == "of no known kind"
    assert kind({}) == "of no known kind"


def test_a_run_without_a_summary_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown([fetched(tmp_path, "overlay", {}, {})], capsys) == []
