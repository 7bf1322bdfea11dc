"""The completion mark is a claim: checked before it counts, bounded before it is kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagekit.contract import MARK_MAX_BYTES
from stagework.api.text import cut
from stagework.policies.mark import BadMark, Mark, NoMark, cleaned_mark, read_mark

GOOD: dict[str, Any] = {
    "v": 1,
    "stage": "ocr_eval",
    "attempt": 2,
    "pod": "pod-uid",
    "outcome": "Succeeded",
}


def _read(text: str) -> Mark | NoMark | BadMark:
    return read_mark(text, stage="ocr_eval", attempt=2, pod="pod-uid")


def _said(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False)


def test_a_full_mark_is_read() -> None:
    text = _said(
        digest="a" * 64, counts={"items": 10, "failed": 1}, reason="Fine", message="all read"
    )

    assert _read(text) == Mark("Succeeded", "a" * 64, "Fine", "all read", 10, 1)


@pytest.mark.parametrize("outcome", ["Succeeded", "Failed", "Refused", "Skipped"])
def test_the_required_fields_are_enough(outcome: str) -> None:
    assert _read(_said(outcome=outcome)) == Mark(outcome)


def test_stages_that_are_not_needed_are_read_with_their_reasons_as_far_as_they_can_be_any() -> None:
    named = {"heads": "It was tails!", "edge": 7, "Not a stage": "X", "a" * 41: "X", "low": ""}

    mark = _read(_said(skips=named))

    assert isinstance(mark, Mark)
    assert mark.skips == {"heads": "Itwastails", "edge": "NothingToDo", "low": "NothingToDo"}


def test_no_more_skips_are_taken_than_a_mark_holds() -> None:
    """A result, which is read where the mark is lost, may name as many as somebody likes."""
    many = {f"{'s' * 38}{number}": "R" * 63 for number in range(10, 60)}

    kept = cleaned_mark("Succeeded", {"skips": many}, {}).skips

    assert list(kept) == list(many)[: len(kept)]
    assert 800 < len(json.dumps(dict(kept), separators=(",", ":"))) <= MARK_MAX_BYTES
    few = dict.fromkeys("abc", "NotNeeded")
    assert cleaned_mark("Succeeded", {"skips": few}, {}).skips == few


@pytest.mark.parametrize("odd", [None, "heads", ["heads"], 7])
def test_skips_that_are_no_object_are_none(odd: object) -> None:
    assert _read(_said(skips=odd)) == Mark("Succeeded")


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n"])
def test_an_empty_message_is_no_mark(text: str) -> None:
    assert _read(text) == NoMark()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("all done", "not JSON: 'all done'", id="plain text"),
        pytest.param('{"v": 1', "not JSON", id="cut off"),
        pytest.param("\x00\x01\x02", "not JSON", id="binary"),
        pytest.param("[" * 1024, "not JSON", id="brackets too deep for the parser"),
        pytest.param('{"a":' * 200, "not JSON", id="objects too deep"),
        pytest.param("[]", "not a JSON object", id="a list"),
        pytest.param("null", "not a JSON object", id="null"),
        pytest.param('"Succeeded"', "not a JSON object", id="a string"),
        pytest.param("NaN", "not a JSON object", id="not a number"),
        pytest.param("{}", "version None", id="an empty object"),
        pytest.param(_said(v=2), "version 2, expected 1", id="a later version"),
        pytest.param(_said(v="1"), "version 1, expected 1", id="the version as text"),
        pytest.param(_said(v=True), "version True", id="the version as a truth value"),
        pytest.param(_said(v=1.0), "version 1.0", id="the version as a fraction"),
        pytest.param(_said(outcome="Done"), "unknown outcome 'Done'", id="an outcome of its own"),
        pytest.param(_said(outcome=None), "unknown outcome 'None'", id="no outcome"),
        pytest.param(_said(outcome=["Succeeded"]), "unknown outcome", id="a list of outcomes"),
        pytest.param(_said(outcome={"a": 1}), "unknown outcome", id="an object as outcome"),
    ],
)
def test_garbage_is_a_bad_mark_that_says_what_is_wrong(text: str, part: str) -> None:
    found = _read(text)

    assert isinstance(found, BadMark)
    assert found.reason == "BadCompletionMark"
    assert part in found.message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"stage": "other"}, "of stage other, not ocr_eval", id="another stage"),
        pytest.param({"attempt": 1}, "of attempt 1, not 2", id="another attempt"),
        pytest.param({"attempt": "2"}, "of attempt 2, not 2", id="the attempt as text"),
        pytest.param({"attempt": 2.0}, "of attempt 2.0, not 2", id="the attempt as a fraction"),
        pytest.param({"attempt": None}, "of attempt None, not 2", id="no attempt"),
        pytest.param({"pod": "twin"}, "of pod twin, not pod-uid", id="another Pod"),
        pytest.param({"pod": ["pod-uid"]}, "of pod ['pod-uid']", id="a list of Pods"),
    ],
)
def test_a_mark_of_somebody_else_is_refused(changes: dict[str, Any], message: str) -> None:
    found = _read(_said(**changes))

    assert isinstance(found, BadMark)
    assert found.reason == "ForeignCompletionMark"
    assert message in found.message


def test_attempt_one_is_not_the_truth_value() -> None:
    text = json.dumps({**GOOD, "attempt": True})

    assert isinstance(read_mark(text, stage="ocr_eval", attempt=1, pod="pod-uid"), BadMark)


def _of_bytes(size: int, letter: str = "x") -> str:
    """A valid mark of exactly that many bytes."""
    room = size - len(_said(padding="").encode())
    count, rest = divmod(room, len(letter.encode()))
    return _said(padding=letter * count + "x" * rest)


@pytest.mark.parametrize("letter", ["x", "한"], ids=["ascii", "three bytes a letter"])
@pytest.mark.parametrize(
    ("size", "good"), [(1023, True), (1024, True), (1025, False), (4096, False), (5000, False)]
)
def test_1024_bytes_are_the_limit(size: int, letter: str, *, good: bool) -> None:
    text = _of_bytes(size, letter)
    assert len(text.encode()) == size

    found = _read(text)

    assert isinstance(found, Mark if good else BadMark)
    if isinstance(found, BadMark):
        assert f"{size} bytes, at most 1024" in found.message


def test_text_is_kept_as_one_printable_line() -> None:
    text = _said(message="\x1b[31mfont\r\nmissing\t\u202e!\x00", reason="no font: 한글!")

    found = _read(text)

    assert isinstance(found, Mark)
    assert found.message == "font missing !"
    assert found.reason == "nofont"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        pytest.param("x" * 200, "x" * 128, id="ascii"),
        pytest.param("한" * 60, "한" * 42, id="never half a letter"),
        pytest.param("글꼴 없음", "글꼴 없음", id="short"),
    ],
)
def test_messages_are_cut_to_128_bytes(message: str, kept: str) -> None:
    found = _read(_said(message=message))

    assert isinstance(found, Mark)
    assert found.message == kept


def test_a_lone_surrogate_in_an_escape_harms_nothing() -> None:
    found = _read(_said().replace('"v"', '"message": "a\\ud800b", "v"'))

    assert isinstance(found, Mark)
    assert found.message == "a b"
    assert found.message.encode()


@pytest.mark.parametrize("value", [-1, 2**53, 1.5, True, "3", None, [], {"a": 1}], ids=repr)
def test_what_is_no_count_is_left_out_and_told(value: object) -> None:
    found = _read(_said(counts={"items": value, "failed": 3}, message="done"))

    assert isinstance(found, Mark)
    assert (found.items, found.failed_items) == (None, 3)
    odd = f"done; odd counts left out: items={value!r}"
    assert found.full_message == ("done" if value is None else odd)


def test_odd_counts_are_told_whatever_else_a_mark_says() -> None:
    counts = {"items": "x" * 300, "failed": -1}
    long = _read(_said(counts=counts, message="m" * 300, reason="R"))
    silent = _read(_said(counts={"items": 3, "failed": -1}))

    assert isinstance(long, Mark)
    assert len(long.full_message.encode()) == 128
    assert long.full_message.startswith("mmm")
    assert "; odd counts left out: items='xxx" in long.full_message
    assert isinstance(silent, Mark)
    assert silent.full_message == "odd counts left out: failed=-1"


@pytest.mark.parametrize("counts", [None, 5, "many", [1, 2]])
def test_counts_that_are_no_object_are_left_out(counts: object) -> None:
    found = _read(_said(counts=counts))

    assert isinstance(found, Mark)
    assert found == Mark("Succeeded")
    assert found.full_message == (
        "" if counts is None else f"odd counts left out: counts={counts!r}"
    )


@pytest.mark.parametrize("value", [5, None, ["x"], {"x": 1}])
@pytest.mark.parametrize("key", ["digest", "reason", "message"])
def test_text_fields_that_are_no_text_are_left_out(key: str, value: object) -> None:
    assert _read(_said(**{key: value})) == Mark("Succeeded")


def test_what_a_mark_says_about_places_is_ignored() -> None:
    assert _read(_said(uri="s3://elsewhere", prefix="../../other")) == Mark("Succeeded")


def test_a_stored_result_is_cleaned_like_a_mark() -> None:
    fields = {"digest": "d" * 300, "reason": "9 lives", "message": "a\nb" * 100}

    found = cleaned_mark("Succeeded", fields, {"items": -3, "failed": "x"})

    assert len(found.digest) == 64
    assert found.reason == ""
    assert len(found.message.encode()) <= 128
    assert (found.items, found.failed_items) == (None, None)


@given(st.text(max_size=1100))
def test_no_text_ever_breaks_the_reader(text: str) -> None:
    found = _read(text)

    assert isinstance(found, NoMark | BadMark)
    if isinstance(found, BadMark):
        assert len(found.message.encode()) <= 128
        assert found.message.isprintable()


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "digest", "counts", "reason", "message"]), _JSON, max_size=4
    )
)
def test_no_value_in_any_field_ever_breaks_the_reader(changes: dict[str, Any]) -> None:
    found = _read(json.dumps({**GOOD, **changes}))

    if isinstance(found, Mark):
        assert len(found.message.encode()) <= 128
        assert len(found.digest.encode()) <= 64
        assert len(found.reason) <= 63


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("[]", "termination message: not a JSON object", id="no object"),
        pytest.param("x" * 90, f"termination message: not JSON: {cut('x' * 90, 60)!r}", id="text"),
        pytest.param(
            _said(v="9" * 50),
            f"termination message: version {cut('9' * 50, 20)}, expected 1",
            id="version",
        ),
        pytest.param(
            _said(outcome="o" * 60),
            f"termination message: unknown outcome {cut('o' * 60, 40)!r}",
            id="outcome",
        ),
        pytest.param(
            _said(stage="s" * 60),
            f"the mark is of stage {cut('s' * 60, 36)}, not ocr_eval",
            id="another stage",
        ),
    ],
)
def test_what_it_claims_is_shown_as_far_as_it_helps(text: str, sentence: str) -> None:
    verdict = _read(text)
    assert isinstance(verdict, BadMark)
    assert verdict.message == sentence


def test_nothing_is_a_count_too() -> None:
    assert _read(_said(counts={"items": 0, "failed": 0})) == Mark(
        "Succeeded", items=0, failed_items=0
    )
