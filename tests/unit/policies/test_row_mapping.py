"""What a row is as a run, and what is said of one that can be none."""

from typing import Any

import orjson
import pytest

from stagework.api.job_rows import JobRow, RowMapping
from stagework.api.pipeline import PARAMS_BYTES
from stagework.policies.row_mapping import RowRefused, RowRun, row_run

MAPPING = RowMapping(
    namespace="ads",
    pipeline="ad-image",
    params={"prompt": "text"},
    fixedParams={"size": "1080"},
    paramsColumn="more",
    input="picture",
    title="name",
    subject="sku",
)
BY_WORD = RowMapping(
    namespace="ads", pipelineColumn="kind", pipelines={"banner": "ad-banner", "film": "ad-film"}
)
ID = "3b87ab59-0000-4000-8000-000000000001"


def row(row: str = ID, tenant: str = "acme", **columns: str | None) -> JobRow:
    return JobRow(row, tenant, columns)


def made(of: JobRow, mapping: RowMapping = MAPPING) -> RowRun:
    found = row_run(of, {"acme": mapping})
    assert isinstance(found, RowRun), found
    return found


def refused(of: JobRow, mapping: RowMapping = MAPPING) -> str:
    found = row_run(of, {"acme": mapping})
    assert isinstance(found, RowRefused), found
    return found.cause


class TestMapped:
    def test_every_column_has_its_place(self) -> None:
        run = made(row(text="shoes", picture="s3://a/b", name="Red", sku="A-7"))
        assert (run.namespace, run.name) == ("ads", ID)
        assert run.spec == {
            "pipelineRef": {"name": "ad-image"},
            "params": {"prompt": "shoes", "size": "1080"},
            "title": "Red",
            "subject": "A-7",
            "tenant": "acme",
            "input": {"uri": "s3://a/b"},
        }

    def test_what_is_null_is_left_out(self) -> None:
        run = made(row(text=None, picture=None, name=None))
        assert run.spec == {
            "pipelineRef": {"name": "ad-image"},
            "params": {"size": "1080"},
            "tenant": "acme",
        }

    def test_what_is_empty_is_a_param_and_no_input(self) -> None:
        run = made(row(text="", picture=" "))
        assert run.spec["params"] == {"prompt": "", "size": "1080"}
        assert "input" not in run.spec

    def test_fixed_params_win_over_columns_and_columns_over_the_object(self) -> None:
        more = '{"prompt": "c", "size": "9", "seed": 7, "hd": true, "none": null}'
        assert made(row(text="a", more=more)).spec["params"] == {
            "prompt": "a",
            "size": "1080",
            "seed": "7",
            "hd": "true",
        }

    def test_a_word_means_a_pipeline(self) -> None:
        assert made(row(kind="film"), BY_WORD).spec["pipelineRef"] == {"name": "ad-film"}

    def test_a_long_title_is_cut_and_a_long_subject_is_not(self) -> None:
        assert len(made(row(name="x" * 400)).spec["title"].encode()) <= 128
        assert "subject" in refused(row(sku="x" * 400))

    def test_other_tenants_are_those_of_the_star(self) -> None:
        other = MAPPING.model_copy(update={"namespace": "others"})
        found = row_run(row(tenant="new"), {"acme": MAPPING, "*": other})
        assert isinstance(found, RowRun)
        assert (found.namespace, found.spec["tenant"]) == ("others", "new")


REFUSED: dict[str, tuple[JobRow, str]] = {
    "capitals": (row("A-1"), "id 'A-1' cannot name"),
    "no id": (row(""), "id '' cannot name"),
    "a long id": (row("a" * 254), "253 at most"),
    "a line break at the end": (row("a\n"), "cannot name"),
    "a path": (row("../x"), "cannot name"),
    "another tenant": (row(tenant="x"), "'x' is not in settings.listener.tenants"),
    "a file": (row(picture="file:///etc/passwd"), "input.uri"),
    "an address with NUL": (row(picture="s3://a/\0"), "NUL"),
    "a param with NUL": (row(text="a\0b"), "param 'prompt' cannot hold the character NUL"),
    "no JSON": (row(more="{"), "is not JSON"),
    "a number": (row(more="7"), "is no JSON object"),
    "an object within": (row(more='{"a": {}}'), "'a' is no plain value"),
    "a bad name": (row(more='{"A": "1"}'), "params"),
    "one variable twice": (row(more='{"a-b": "1", "a_b": "2"}'), "rename one"),
    "too much": (row(text="x" * (PARAMS_BYTES + 1)), "64 KiB"),
    "too much in bytes": (row(text="é" * (PARAMS_BYTES // 2 + 1)), "64 KiB"),
    "a huge object": (row(more="x" * (PARAMS_BYTES + 1)), "letters; shorten it"),
    "many": (row(more=orjson.dumps({f"p{n}": "1" for n in range(32)}).decode()), "32 at most"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_what_to_change(what: str) -> None:
    bad, words = REFUSED[what]
    assert words in refused(bad)


@pytest.mark.parametrize("word", ["poster", None, "banner "])
def test_a_word_that_means_no_pipeline_names_those_that_do(word: str | None) -> None:
    if word == "banner ":
        assert made(row(kind=word), BY_WORD).spec["pipelineRef"] == {"name": "ad-banner"}
        return
    assert refused(row(kind=word), BY_WORD).endswith("known: banner, film")


def test_what_fills_all_the_room_is_taken() -> None:
    text = "x" * (PARAMS_BYTES - len("1080"))
    assert made(row(text=text)).spec["params"]["prompt"] == text


def test_a_cause_never_holds_a_whole_text() -> None:
    assert len(refused(row("X" * 100_000))) < 300
    assert "\x1b" not in refused(row("\x1b[31mX"))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "two ways to a Pipeline": ({"pipeline": "a", "pipelineColumn": "b"}, "exactly one"),
    "none": ({}, "exactly one"),
    "a column without words": ({"pipelineColumn": "b"}, "which word means"),
    "a column that is none": ({"pipeline": "a", "title": 'x"; DROP'}, "title"),
    "a namespace that is none": ({"pipeline": "a", "namespace": "A"}, "namespace"),
    "a param that is none": ({"pipeline": "a", "params": {"A B": "x"}}, "params"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_map_that_cannot_be_is_refused_at_the_start(what: str) -> None:
    given, word = WRONG[what]
    with pytest.raises(ValueError, match=word):
        RowMapping.model_validate({"namespace": "ads", **given})


def test_a_map_names_its_columns() -> None:
    assert MAPPING.columns == {"text", "more", "picture", "name", "sku"}
    assert BY_WORD.columns == {"kind"}
