"""What a line of a manifest says, and the sentence where it says nothing."""

import pytest

from stagework.policies.manifest_lines import (
    Columns,
    Given,
    JsonLines,
    Unreadable,
    format_of,
    of_csv,
    of_json,
)


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ('{"uri": "s3://x/y"}', JsonLines),
        ('\ufeff{"uri": "s3://x/y"}', JsonLines),
        ("uri", Columns(("uri",))),
        ("id, uri ,prompt", Columns(("id", "uri", "prompt"))),
        ('"id","uri"', Columns(("id", "uri"))),
    ],
)
def test_the_first_line_tells_the_format(first: str, found: object) -> None:
    format_ = format_of(first)
    assert isinstance(format_, JsonLines) if found is JsonLines else format_ == found


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("s3://photos/a.png", "neither a JSON object nor a head of CSV"),
        ("[1, 2]", "neither a JSON object nor a head of CSV"),
        ("name,prompt", "neither a JSON object nor a head of CSV"),
        ("uri,uri", "names a column twice"),
        ("uri,Prompt", "'Prompt'"),
        ("uri,params", "no param's name"),
        ('uri,"', "neither a JSON object nor a head of CSV"),
    ],
)
def test_nothing_is_guessed_of_another_first_line(first: str, reason: str) -> None:
    found = format_of(first)
    assert isinstance(found, Unreadable)
    assert reason in found.reason


def test_an_item_of_json_has_id_uri_and_params() -> None:
    line = '{"id": "a", "uri": "s3://x/y", "params": {"prompt": "summer"}}'
    assert of_json(line) == Given("a", "s3://x/y", {"prompt": "summer"})
    assert of_json('{"params": {"p": ""}}') == Given("", "", {"p": ""})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "it is no JSON object"),
        ('{"url": "s3://x/y"}', "a key 'url'"),
        ('{"id": 3}', "its id is no text"),
        ('{"uri": null}', "its uri is no text"),
        ("{}", "neither uri nor params"),
        ('{"id": "a"}', "neither uri nor params"),
        ('{"params": []}', "its params are no object"),
        ('{"params": {"Page": "1"}}', "no name of a param"),
        ('{"params": {"page": 3}}', "params.page is no text: put it into quotes"),
        ('{"params": {"page": "\\u0000"}}', "holds the character NUL"),
        ('{"uri": "s3://x/\\u0007"}', "its uri has a control character"),
        ('{"id": "a\\nb", "uri": "s3://x/y"}', "its id has a control character"),
        ('{"id": "\\u202egnp.exe", "uri": "s3://x/y"}', "its id has a control character"),
        ('{"id": " a", "uri": "s3://x/y"}', "blanks around it"),
    ],
)
def test_a_line_that_is_no_item_says_why(line: str, reason: str) -> None:
    found = of_json(line)
    assert isinstance(found, Unreadable)
    assert reason in found.reason


def test_what_is_too_long_is_no_item() -> None:
    for fields, reason in (
        (f'{{"id": "{"a" * 201}", "uri": "s3://x/y"}}', "longer than 200"),
        (f'{{"uri": "s3://x/{"a" * 2048}"}}', "longer than 2048"),
        (f'{{"params": {{"p": "{"a" * 65_537}"}}}}', "more than 64 KiB"),
        ('{"params": {' + ",".join(f'"p{n}": ""' for n in range(33)) + "}}", "more than 32"),
    ):
        found = of_json(fields)
        assert isinstance(found, Unreadable)
        assert reason in found.reason


def test_a_row_of_csv_has_a_param_in_every_other_column() -> None:
    columns = Columns(("id", "uri", "prompt", "size"))
    assert of_csv('a,s3://x/y,"summer, red",', columns) == Given(
        "a", "s3://x/y", {"prompt": "summer, red"}
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [("a,b,c", "3 cells, the head has 2"), ('a,"b', "no row of CSV"), (",", "neither uri nor")],
)
def test_a_row_that_is_no_item_says_why(row: str, reason: str) -> None:
    found = of_csv(row, Columns(("id", "uri")))
    assert isinstance(found, Unreadable)
    assert reason in found.reason
