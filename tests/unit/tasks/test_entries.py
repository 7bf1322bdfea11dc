"""Entries of documents as runs: mapping, names, and what is new."""

from typing import Any

import orjson
import pytest

from stagework.api.tasks import EntryMapping, Makes
from stagework.tasks.entries.known import KnownEntries, sort_entries
from stagework.tasks.entries.mapping import (
    EntryRefused,
    EntryRun,
    listed_entries,
    run_of,
    text_at,
)

MAKES = Makes(pipeline="ad-image")
MAPPING = EntryMapping(
    params={"prompt": "/text", "size": "/size"}, title="/name", input="/picture", tenant="/shop"
)
# The document and the pointers of RFC 6901, section 5.
RFC = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        *[("/foo/0", "bar"), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3")],
        *[("/g|h", "4"), ("/i\\j", "5"), ('/k"l', "6"), ("/ ", "7"), ("/m~0n", "8")],
        *[("/foo/9", None), ("/none", None), ("/foo/0/deep", None)],
    ],
)
def test_pointers_are_those_of_the_rfc(pointer: str, text: str | None) -> None:
    assert text_at(RFC, pointer) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, None), (True, "true"), (1.5, "1.5"), (" a ", "a"), ("", "")]
)
def test_plain_values_become_text(value: object, text: str | None) -> None:
    assert text_at({"v": value}, "/v") == text


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(EntryRefused, match="/foo is no plain value"):
        text_at(RFC, "/foo")


def entry(**changes: Any) -> dict[str, Any]:
    return {"id": 7, "text": "summer shoes", "name": "Shoes", "shop": "acme", **changes}


def made(of: object, *content: str) -> EntryRun:
    return run_of(of, MAKES, MAPPING, content)


def test_an_entry_fills_params_title_and_input_and_nothing_else() -> None:
    run = made(entry(picture="https://p.example.org/a.png", image="evil", stages=[1]))
    assert run.spec == {
        "pipelineRef": {"name": "ad-image"},
        "params": {"prompt": "summer shoes"},
        "title": "Shoes",
        "subject": "7",
        "tenant": "acme",
        "input": {"uri": "https://p.example.org/a.png"},
    }


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ({}, "no id at /id"),
        ("text", "no id"),
        (entry(id=None), "no id"),
        (entry(id=""), "no id"),
        (entry(id="x" * 2000), "very long"),
        (entry(text=["a"]), "/text is no plain value"),
        (entry(picture="file:///etc/passwd"), "input.uri"),
        (entry(picture="http://p.example.org/a.png"), "input.uri"),
        (entry(shop="x" * 200), "tenant"),
    ],
)
def test_what_cannot_be_a_run_says_why(of: object, why: str) -> None:
    with pytest.raises(EntryRefused, match=why):
        made(of)


def test_a_long_title_is_cut() -> None:
    assert len(made(entry(name="x" * 500)).spec["title"]) == 128


def test_the_name_goes_by_id_and_content_and_fits() -> None:
    same = made(entry()).name
    assert same == made(entry(text="other", name="Other")).name
    assert same != made(entry(id=8)).name
    assert made(entry(), "/text").name != made(entry(text="other"), "/text").name
    assert made(entry(), "/text").name == made(entry(name="Other"), "/text").name
    assert same.startswith("ad-image-")
    long = run_of(entry(), Makes(pipeline="p" * 253), MAPPING, ())
    assert len(long.name) <= 63


@pytest.mark.parametrize(
    ("document", "pointer", "why"),
    [
        (b"<html>", "", "not JSON"),
        (b"{}", "/items", "nothing at '/items'"),
        (b'{"items": {}}', "/items", "no list"),
    ],
)
def test_a_document_without_entries_says_why(document: bytes, pointer: str, why: str) -> None:
    with pytest.raises(EntryRefused, match=why):
        listed_entries(document, pointer)


def test_entries_are_found_by_their_pointer() -> None:
    assert listed_entries(orjson.dumps({"data": {"items": [1, 2]}}), "/data/items") == [1, 2]
    assert listed_entries(b"[3]", "") == [3]


def test_what_was_made_is_known_and_what_has_changed_is_new() -> None:
    known = KnownEntries()
    first = [made(entry(id=number), "/text") for number in (1, 2, 3)]
    assert sort_entries(first, known, 2).new == first[:2]
    assert sort_entries(first, known, 2).left == 1
    for run in first:
        known.add(run)
    again = KnownEntries.of(known.encoded())
    assert sort_entries(first, again, 9).same == first
    changed = made(entry(id=2, text="other"), "/text")
    assert sort_entries([changed], again, 9).new == [changed]


def test_an_id_counts_once_in_a_document() -> None:
    one, double = made(entry(id=1), "/text"), made(entry(id=1, text="other"), "/text")
    ordered = sort_entries([one, double], KnownEntries(), 9)
    assert (ordered.new, ordered.doubles) == ([one], ["1"])


def test_what_is_in_no_document_is_forgotten_first_the_oldest_first() -> None:
    runs = [made(entry(id=number)) for number in range(5)]
    known = KnownEntries()
    for run in runs:
        known.add(run)
    known.forget_beyond(3, [runs[0]])
    assert [known.holds(run) for run in runs] == [True, False, False, True, True]


def test_a_memory_that_was_cut_loses_its_last_entry_only() -> None:
    known = KnownEntries()
    runs = [made(entry(id=number)) for number in range(2)]
    for run in runs:
        known.add(run)
    cut = KnownEntries.of(known.encoded()[:-3])
    assert [cut.holds(run) for run in runs] == [True, False]
