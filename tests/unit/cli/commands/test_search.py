"""`stagework search`: the command, with an index as `docs/search-index.md` describes it."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.builders.written_runs import run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster

PAGE = Path(__file__).resolve().parents[4] / "docs/search-index.md"


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A folder of results in which some stage has left the documented index."""
    stage_folder = tmp_path / "any_stage"
    stage_folder.mkdir()
    statements = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    with closing(sqlite3.connect(stage_folder / "index.sqlite")) as base:
        for statement in statements:
            base.executescript(statement)
        base.commit()
    return tmp_path


def test_an_index_as_the_page_describes_it_is_searched_whatever_stage_left_it(
    cli: Cli, fetched: Path
) -> None:
    outcome = cli("search", "ad-1", "spring", "--to", fetched)
    assert outcome.lines == [
        "PAGE   SECTION    FOUND",
        "2,3    Wildlife   Eels pass the gate in [spring].",
    ]


def test_korean_words_of_two_syllables_may_be_asked_for(cli: Cli, fetched: Path) -> None:
    with closing(sqlite3.connect(fetched / "any_stage/index.sqlite")) as base:
        base.execute("INSERT INTO chunks VALUES ('수문을 연다.', '방앗간', '3', '4')")
        base.commit()
    outcome = cli("search", "ad-1", "수문", "--to", fetched)
    assert outcome.lines[1:] == ["4      방앗간    [수문]을 연다."]


def test_where_nothing_is_found_it_says_so_and_fails(cli: Cli, fetched: Path) -> None:
    outcome = cli("search", "ad-1", "submarine,", "voyage", "--to", fetched)
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: nothing in ad-1 has most of these words: submarine voyage"
    ]


def test_results_that_are_here_already_are_not_fetched_again(
    cli: Cli, cluster: FakeCluster, fetched: Path
) -> None:
    cli("search", "ad-1", "mill", "--to", fetched)
    assert cluster.requests == []


def test_a_run_without_an_index_is_an_error_with_the_next_command(
    cli: Cli, cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.add(run_of(stage("img_gen", "Succeeded")))
    outcome = cli("search", "ad-1", "tide", "--to", tmp_path)
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: ad-1 has no index.sqlite",
        "  next: stagework status ad-1",
    ]
