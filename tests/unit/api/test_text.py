"""Text from elsewhere is made fit for a status."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.api.text import cut, one_line, reason_word, shortened


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("short", 128, "short"),
        ("abcdef", 3, "abc"),
        ("한글", 4, "한"),
        ("한글", 2, ""),
        ("🙂🙂", 7, "🙂"),
        ("", 0, ""),
    ],
)
def test_text_is_cut_by_bytes_and_never_within_a_letter(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit) == kept


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\r\n\tc", "a b c"),
        ("  a  b  ", "a b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\u2028b\u202ec", "a b c"),
        ("\ud800", ""),
    ],
)
def test_a_line_is_printable(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("EmptyImage", "EmptyImage"),
        ("empty image!", "emptyimage"),
        ("9Lives", ""),
        ("한글", ""),
        ("x" * 80, "x" * 63),
        ("", ""),
    ],
)
def test_a_reason_is_one_word(text: str, word: str) -> None:
    assert reason_word(text) == word


@given(st.text(), st.integers(0, 200))
def test_a_line_never_exceeds_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line.encode()) <= limit
    assert all(character.isprintable() for character in line)


KUBELET = (
    'Back-off pulling image "registry.example.org/team/generate-pictures:2026.11.29": '
    "ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image: not found"
)


def test_of_a_shortened_that_is_too_long_the_middle_is_left_out() -> None:
    short = shortened(KUBELET, 60)

    assert short.startswith("Back-off pulling image")
    assert " … " in short
    assert short.endswith("not found")
    assert len(short.encode()) <= 60


def test_a_sentence_that_fits_stays_as_it_is() -> None:
    assert shortened(KUBELET, 512) == KUBELET


@given(st.text(), st.integers(0, 60))
def test_a_sentence_never_exceeds_its_limit(text: str, limit: int) -> None:
    short = shortened(text, limit)

    assert len(short.encode()) <= limit
    assert all(character.isprintable() for character in short)
