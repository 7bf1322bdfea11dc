"""The search index: words are looked up in what a stage has left."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stagework.cli.errors import CommandError
from stagework.cli.search_index import look_up, words_of
from stagework.cli.text.hits import hits_table


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.sqlite"
    rows = [
        ("The mill turns with the tide.", "Mill", "1", "1"),
        ("물레방아는 조수로 돈다.", "물레방아", "2", "2"),
    ]
    with closing(sqlite3.connect(path)) as base:
        base.execute(
            "CREATE VIRTUAL TABLE chunks USING fts5"
            "(text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram')"
        )
        base.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)
        base.commit()
    return path


def test_a_word_is_found_with_its_page_and_shown_in_brackets(index: Path) -> None:
    (hit,) = look_up(index, ["tide"])

    assert (hit.pages, hit.section) == ("1", "Mill")
    (line,) = [line.plain for line in hits_table([hit], ["tide"]).lines()][1:]
    assert line.endswith("The mill turns with the [tide].")


def test_part_of_a_korean_word_is_found(index: Path) -> None:
    assert [hit.pages for hit in look_up(index, ["물레방"])] == ["2"]


def test_all_words_must_stand_in_one_piece(index: Path) -> None:
    assert look_up(index, ["tide", "물레방아"]) == []


@pytest.mark.parametrize("word", ['mill"OR"tide', "NEAR(mill)", "tide*"])
def test_signs_of_the_query_language_are_ordinary_letters(index: Path, word: str) -> None:
    assert look_up(index, [word]) == []


@pytest.mark.parametrize("words", [[], ["at"], ["mill", "in"]])
def test_words_too_short_for_the_index_are_named(words: list[str]) -> None:
    with pytest.raises(CommandError, match="3 letters"):
        words_of(words)


def test_a_file_that_is_no_index_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "index.sqlite"
    broken.write_text("this is no database, though long enough to be read as one" * 20)

    with pytest.raises(CommandError, match="cannot be searched"):
        look_up(broken, ["mill"])
