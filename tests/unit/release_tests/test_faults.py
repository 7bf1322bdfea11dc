"""The table of faults says what was measured, and stands where the page has its place for it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.release_tests.__main__ import FAULTS, LONG, stories, what_of
from hack.release_tests.faults import (
    BEGIN,
    END,
    FOLDER,
    PAGE,
    Fault,
    measured,
    section,
    with_section,
)
from hack.release_tests.record import FAILED, PASSED, Result
from tests.support.cluster.witness import beats_in, copies_at_once

STORY = "tests/e2e/faults/test_node_lost.py"
LOST = Fault(STORY, "node lost", 48.4, 141.0, 1, "Completed, attempt 2")
BROKEN = Fault(STORY, "another", None, None, None, "failed")
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEATS = """\
10.0 10.244.1.5 r one 1 p1
11.0 10.244.1.5 r one 1 p1
15.0 10.244.2.5 r one 2 p2
16.0 10.244.2.5 r one 2 p2
15.5 10.244.2.6 r two 1 p3
"""


def test_every_fault_is_a_row_with_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    for number, fault in enumerate((LOST, BROKEN)):
        (tmp_path / FOLDER / f"{number}.json").write_text(json.dumps(asdict(fault)))
    results = [Result(STORY, "It loses its power.", FAILED, 300.0)]

    head, *_, first, second = section("0123", results, measured(tmp_path), NOON)

    assert head.startswith("2026-11-30, ")
    assert head.endswith(
        "1 stories in 5 min 00 s; failed: test_node_lost; content of the tree `0123`."
    )
    link = f"[test_node_lost](../{STORY})"
    assert first == f"| node lost | 48 s | 2 min 21 s | 1 | Completed, attempt 2 | {link} |"
    assert second == f"| another | - | - | - | failed | {link} |"


def test_what_has_passed_names_no_failure() -> None:
    results = [Result(STORY, "It loses its power.", PASSED, 300.0)]
    assert "failed" not in section("0123", results, [], NOON)[0]


def test_only_what_stands_between_the_marks_is_written_anew() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert with_section(page, ["new"]) == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    again = with_section(with_section(page, ["new"]), ["new"])
    assert again == with_section(page, ["new"])


def test_a_page_without_its_place_is_refused() -> None:
    with pytest.raises(DevClusterError, match="has no lines"):
        with_section("before", ["new"])


def test_the_page_has_its_place() -> None:
    assert with_section((ROOT / PAGE).read_text(), ["new"])


def test_the_stories_of_faults_are_told_apart_from_the_long_ones() -> None:
    named = stories(FAULTS)

    assert STORY in named
    assert not {*named} & {*stories(LONG)}
    assert all(what_of(story) for story in named)


def test_one_after_the_other_is_one_copy() -> None:
    assert copies_at_once(beats_in(BEATS), "r", "one") == 1


def test_one_that_is_frozen_meanwhile_is_a_copy_all_the_same() -> None:
    woken = BEATS + "15.7 10.244.1.5 r one 1 p1\n"

    assert copies_at_once(beats_in(woken), "r", "one") == 2


def test_of_a_stage_that_is_not_heard_there_is_none() -> None:
    assert copies_at_once(beats_in(BEATS), "r", "three") == 0
