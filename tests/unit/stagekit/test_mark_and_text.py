"""The mark always fits, and its text is harmless."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagekit import contract, mark, text
from stagekit.errors import ContractError
from stagekit.mark import Mark


@given(
    reason=st.text(max_size=300),
    message=st.text(max_size=3000),
    counts=st.dictionaries(st.text(max_size=5), st.integers(0, 2**60), max_size=60),
)
def test_a_mark_is_never_longer_than_1024_bytes(
    reason: str, message: str, counts: dict[str, int]
) -> None:
    made = Mark("s" * 40, 999_999, "p" * 36, "Succeeded", "d" * 64, counts, reason, message)
    encoded = made.encode()
    assert len(encoded) <= contract.MARK_MAX_BYTES
    fields = json.loads(encoded)
    assert (fields["v"], fields["attempt"], fields["outcome"]) == (1, 999_999, "Succeeded")
    assert len(fields.get("message", "").encode()) <= 128
    assert all(c.isprintable() for c in fields.get("message", ""))


def test_a_mark_that_cannot_fit_is_an_error() -> None:
    with pytest.raises(ContractError):
        Mark("s" * 2000, 1, "p", "Succeeded").encode()


def _longest_skips() -> dict[str, str]:
    skips: dict[str, str] = {}
    for number in range(100):
        try:
            skips = mark.with_skip(skips, f"stage_{number:033}", "R" * 63)
        except ValueError:
            return skips
    raise AssertionError("there is no limit")


def test_the_most_skips_there_can_be_fit_with_the_longest_of_everything_that_must_stay() -> None:
    skips = _longest_skips()
    made = Mark(
        "s" * 40,
        999_999,
        "p" * 36,
        "Succeeded",
        "d" * 64,
        {"items": 2**53, "failed": 2**53, "refused": 2**53, "skipped": 2**53},
        "R" * 63,
        "m" * 128,
        skips,
    )

    fields = json.loads(made.encode())

    assert len(skips) == 4
    assert fields["skips"] == skips
    assert fields["reason"] == "R" * 63


@pytest.mark.parametrize("name", ["", "Heads", "a b", "a" * 41, "1a"])
def test_only_the_name_of_a_stage_can_be_skipped(name: str) -> None:
    with pytest.raises(ValueError, match="not a stage's name"):
        mark.with_skip({}, name, "ItWasTails")


def test_a_reason_is_a_word() -> None:
    assert mark.with_skip({}, "heads", "It was tails!") == {"heads": "Itwastails"}
    with pytest.raises(ValueError, match="not a reason"):
        mark.with_skip({}, "heads", "  ")


def test_empty_fields_are_left_out() -> None:
    encoded = Mark("ocr", 1, "pod", "Succeeded").encode()
    assert encoded == b'{"v":1,"stage":"ocr","attempt":1,"pod":"pod","outcome":"Succeeded"}'


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("plain", "plain"),
        ("a\nb\tc\r\n", "a b c"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("a\x00b\x7fc", "abc"),
        ("left\u202eright", "leftright"),
        ("half \ud800 surrogate", "half  surrogate"),
        ("한글", "한글"),
        ("x" * 200, f"{'x' * 62} ... {'x' * 61}"),
        ("한" * 50, f"{'한' * 20} ... {'한' * 20}"),
        (f"GET {'a' * 5000}: not found", f"GET {'a' * 58} ... {'a' * 50}: not found"),
    ],
)
def test_text_is_one_harmless_line_of_128_bytes(dirty: str, clean: str) -> None:
    assert text.clean(dirty, 128) == clean


@pytest.mark.parametrize(
    ("given_word", "word"),
    [
        ("EmptyImage", "EmptyImage"),
        ("empty image!", "Emptyimage"),
        ("", "Unknown"),
        ("<!channel>", "Channel"),
        ("1st", "St"),
        ("A" * 100, "A" * 64),
        ("한글", "Unknown"),
    ],
)
def test_a_reason_is_one_camel_case_word(given_word: str, word: str) -> None:
    assert text.reason_word(given_word) == word


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"v":2,"outcome":"Succeeded"}',
        b'{"v":1,"outcome":"Done"}',
        b'{"v":1,"outcome":["Succeeded"]}',
        b" " * 1025,
        b"[" * 1000,
        b"\xff",
    ],
)
def test_what_is_no_mark_is_not_read_as_one(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "mark"
    file.write_bytes(raw)
    assert mark.read(str(file)) is None


def test_a_mark_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "mark"
    file.write_bytes(b"an older and much longer text" * 10)
    Mark("ocr", 1, "pod", "Skipped", reason="NoAudio", message="still").write(str(file))
    assert mark.read(str(file)) == {
        "v": 1,
        "stage": "ocr",
        "attempt": 1,
        "pod": "pod",
        "outcome": "Skipped",
        "reason": "NoAudio",
        "message": "still",
    }
    assert mark.read(str(tmp_path / "none")) is None
