"""Deterministic names: readable, never too long, never the same for two things."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.children.names import label_value, revision_name, short_hash, stage_job_name
from tests.support.builders import RUN_UID

JOB_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
LABEL = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")


def _name(
    run: str = "ad-3b87",
    stage: str = "img_gen",
    *,
    uid: str = RUN_UID,
    attempt: int = 1,
    machine: str = "gpu",
    recreations: int = 0,
) -> str:
    return stage_job_name(
        run, uid, stage=stage, attempt=attempt, machine=machine, recreations=recreations
    )


def test_a_name_reads_run_stage_attempt() -> None:
    assert re.fullmatch(r"ad-3b87-img-gen-1-[0-9a-f]{8}", _name())


def test_the_same_input_gives_the_same_name() -> None:
    assert _name() == _name()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(_name(uid="another"), id="run made anew under the same name"),
        pytest.param(_name(stage="img_gem"), id="stage"),
        pytest.param(_name(attempt=2), id="attempt"),
        pytest.param(_name(machine="macmini"), id="machine class"),
        pytest.param(_name(recreations=1), id="made anew"),
    ],
)
def test_every_part_makes_another_name(other: str) -> None:
    assert other != _name()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(_name("a" * 100 + "x"), _name("a" * 100 + "y", uid="2"), id="long runs"),
        pytest.param(
            _name("r" * 63, "s" * 39 + "a"), _name("r" * 63, "s" * 39 + "b"), id="long stages"
        ),
        pytest.param(_name(stage="a_b"), _name(stage="a__b"), id="underscores"),
        pytest.param(_name(stage="a_b"), _name(stage="a-b"), id="a dash for an underscore"),
        pytest.param(_name("a.b", uid="1"), _name("a-b", uid="2"), id="dots"),
    ],
)
def test_names_that_look_alike_after_cutting_stay_apart(one: str, two: str) -> None:
    assert one != two
    assert max(len(one), len(two)) <= 63


def test_the_name_of_the_run_is_cut_first() -> None:
    name = _name("r" * 253, "ocr_eval")

    assert len(name) == 63
    assert "-ocr-eval-1-" in name
    assert name.startswith("rrr")


def test_a_run_whose_name_is_cut_at_a_dash_leaves_no_double_dash_there() -> None:
    cut_at_dash = "r" * 40 + "-----" + "x" * 60

    assert _name(cut_at_dash, "img_gen").startswith("r" * 40 + "-img-gen-1-")


_RUN = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True)
_STAGE = st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True)


@given(run=_RUN, stage=_STAGE, attempt=st.integers(1, 10**6), recreations=st.integers(0, 99))
def test_every_name_is_a_valid_name_of_a_job(
    run: str, stage: str, attempt: int, recreations: int
) -> None:
    name = _name(run, stage, attempt=attempt, recreations=recreations)

    assert JOB_NAME.match(name), name
    assert len(name) <= 63


def test_parts_of_a_hash_do_not_run_together() -> None:
    assert short_hash("a", "bc") != short_hash("ab", "c")
    assert short_hash("a", 1) != short_hash("a", 11)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Summer shoes, 1080", "Summer-shoes-1080"),
        ("여름 신발", ""),
        ("--a--", "a"),
        ("a/b\nc", "a-b-c"),
        ("x" * 100, "x" * 63),
        ("x" * 62 + "-y", "x" * 62),
        ("", ""),
    ],
)
def test_a_title_becomes_a_label_value(text: str, value: str) -> None:
    assert label_value(text) == value


@given(st.text(max_size=200))
def test_every_text_becomes_a_valid_label_value(text: str) -> None:
    value = label_value(text)

    assert LABEL.match(value)
    assert len(value) <= 63


def test_a_revision_is_named_by_pipeline_and_content() -> None:
    assert revision_name("ad-image", "0123456789") == "ad-image-0123456789"
    assert len(revision_name("p" * 253, "0123456789")) == 253
    assert revision_name("p" * 241 + "-" + "q" * 11, "0123456789") == "p" * 241 + "-0123456789"
