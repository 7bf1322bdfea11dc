import pytest

from stagework.cli.text.hits import excerpt

TEXT = (
    "## Wildlife\n\nThe basin has become a feeding ground. Counters saw forty-one kinds of birds "
    "in the first year,\nagainst twenty-three before the work began. Eels pass the gate."
)


def test_whole_words_stand_at_both_sides_of_the_match() -> None:
    assert (
        excerpt(TEXT, ["birds"], around=20)
        == "... forty-one kinds of [birds] in the first year, ..."
    )


def test_every_match_within_reach_is_marked_whatever_its_case() -> None:
    assert excerpt("Tides, and the tide mill", ["tide", "mill"]) == "[Tide]s, and the [tide] [mill]"


def test_the_beginning_has_no_dots_before_it_and_no_heading() -> None:
    assert excerpt(TEXT, ["basin"], around=12) == "The [basin] has become ..."


def test_a_word_that_stands_only_in_the_heading_is_shown_there() -> None:
    assert excerpt(TEXT, ["wildlife"], around=8).startswith("## [Wildlife] The")


def test_korean_is_marked_inside_its_words() -> None:
    assert excerpt("물레방아는 조수로 돈다.", ["방아"]) == "물레[방아]는 조수로 돈다."


@pytest.mark.parametrize("word", ["(", ".*", "absent"])
def test_words_are_no_pattern_and_without_a_match_the_text_begins(word: str) -> None:
    assert excerpt("one two three", [word], around=4) == "one ..."


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    extract = excerpt("a" * 500 + "needle" + "b" * 500, ["needle"])
    assert "[needle]" in extract
    assert len(extract) < 150
