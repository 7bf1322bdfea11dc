"""Words are looked up in an index: most have to be there, and the best pieces come first."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from stagekit import search_index
from stagekit.search_index import look_up, words_of

PIECES = (
    ("The mill turns with the tide.", "The mill"),
    ("Eels pass the gate in spring, when the tide is high.", "Wildlife"),
    ("The gate is greased in spring; the gate hangs free.", "Upkeep"),
    ("물레방아는 조수로 돈다. 수문을 연다.", "방앗간"),
    ("It cost 1.84 million.", "Money"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "index.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.execute(
            "CREATE VIRTUAL TABLE chunks USING fts5"
            "(text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram')"
        )
        rows = [(text, section, str(n), str(n)) for n, (text, section) in enumerate(PIECES)]
        base.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)
        base.commit()
    return path


def found(index: Path, query: str) -> list[int]:
    return [int(piece.id) for piece in look_up(index, words_of(query), 10)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('"the gate", (spring)!', ["the", "gate", "spring"]),
        ("Miller's tide-table?", ["Miller", "tide", "table"]),
        ("1.84 million", ["1.84", "million"]),
        ("수문, 물레방아의", ["수문", "물레방아의"]),
        (unicodedata.normalize("NFD", "수문"), ["수문"]),
        ("gate gate", ["gate"]),
        ("... --", []),
    ],
)
def test_a_query_is_its_words_without_punctuation(query: str, words: list[str]) -> None:
    assert words_of(query) == words


@pytest.mark.parametrize("query", ["수문", "수문?", "돈다", "방앗간"])
def test_korean_words_of_two_syllables_are_found(query: str, index: Path) -> None:
    assert found(index, query) == [3]


def test_most_words_are_enough(index: Path) -> None:
    assert found(index, "eels gate winter") == [1]
    assert found(index, "eels winter") == []


def test_pieces_with_more_of_the_words_come_first(index: Path) -> None:
    assert found(index, "gate spring tide") == [1, 2]


def test_among_as_many_words_those_in_the_heading_count_for_more(index: Path) -> None:
    assert found(index, "the mill") == [0]
    assert found(index, "gate")[0] == 2, "it stands there twice"


def test_case_is_no_matter(index: Path) -> None:
    assert found(index, "TIDE") == found(index, "tide")


def test_nothing_is_found_of_nothing(index: Path) -> None:
    assert look_up(index, [], 10) == []
    assert found(index, "submarine") == []


def test_only_so_many_are_given(index: Path) -> None:
    assert len(look_up(index, ["the"], 2)) == 2


def test_another_file_is_no_index(tmp_path: Path) -> None:
    (path := tmp_path / "index.sqlite").write_text("no database " * 200)
    with pytest.raises(search_index.NotAnIndex, match="cannot be searched"):
        look_up(path, ["tide"], 10)
