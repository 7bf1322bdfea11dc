"""What the schema cannot see makes a run invalid, with a sentence that says what to change."""

import pytest

from stagework.api.pipeline import Param
from stagework.api.stages import Stage
from stagework.policies.validity import effective_params, faults
from tests.support.builders import line_of, make_fleet, make_stage

PROMPT = Param(name="prompt", required=True)
SIZE = Param(name="size", default="1080x1080")
NOTE = Param(name="note")


def test_a_good_run_has_no_faults() -> None:
    given = {"prompt": "summer shoes"}

    assert faults(line_of(9), [PROMPT, SIZE], given, make_fleet()) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        pytest.param({}, "params: prompt missing; set spec.params.prompt", id="missing"),
        pytest.param(
            {"prompt": "x", "sise": "1"},
            "params: unknown sise; the pipeline takes prompt, size",
            id="misspelt",
        ),
    ],
)
def test_params_must_be_those_of_the_pipeline(given: dict[str, str], fault: str) -> None:
    assert faults(line_of(1), [PROMPT, SIZE], given, make_fleet()) == [fault]


def test_all_missing_and_all_unknown_params_are_named() -> None:
    needed = [PROMPT, PROMPT.model_copy(update={"name": "title"})]
    assert faults(line_of(1), needed, {"a": "1", "b": "2"}, make_fleet()) == [
        "params: prompt, title missing; set spec.params.prompt",
        "params: unknown a, b; the pipeline takes prompt, title",
    ]


def test_an_empty_value_is_given() -> None:
    assert faults(line_of(1), [PROMPT], {"prompt": ""}, make_fleet()) == []


def test_a_pipeline_without_params_says_so() -> None:
    assert faults(line_of(1), [], {"a": "1"}, make_fleet()) == [
        "params: unknown a; the pipeline takes none"
    ]


def test_inline_stages_take_any_param() -> None:
    assert faults(line_of(1), None, {"anything": "1"}, make_fleet()) == []


@pytest.mark.parametrize(
    ("stages", "fault"),
    [
        pytest.param(
            [make_stage(runsOn=["gpu", "tpu"])],
            "stage img_gen: unknown machine class 'tpu' in runsOn; known are gpu, macmini, macbook",
            id="unknown class",
        ),
        pytest.param(
            [make_stage("a"), make_stage("a")],
            "stage a: the name is used twice; rename one of them",
            id="duplicate name",
        ),
        pytest.param(
            [make_stage("a", dependsOn=["b"]), make_stage("b", dependsOn=["a"])],
            "stage a: depends on b, which is not listed above it; "
            "correct dependsOn or move the stage down",
            id="cycle of two",
        ),
        pytest.param(
            [make_stage("a", dependsOn=["a"])],
            "stage a: depends on a, which is not listed above it; "
            "correct dependsOn or move the stage down",
            id="cycle of one",
        ),
        pytest.param(
            [make_stage("a", dependsOn=["nobody"])],
            "stage a: depends on nobody, which is not listed above it; "
            "correct dependsOn or move the stage down",
            id="unknown dependency",
        ),
        pytest.param(
            [make_stage("img_")],
            "stage img_: a name cannot end with `_`; rename it",
            id="a name that is no label value",
        ),
    ],
)
def test_stages_must_fit_the_fleet_and_each_other(stages: list[Stage], fault: str) -> None:
    assert faults(stages, None, {}, make_fleet()) == [fault]


def test_all_faults_are_told_at_once() -> None:
    stages = [make_stage("a", runsOn=["x"]), make_stage("b", runsOn=["y"])]

    assert len(faults(stages, [PROMPT], {"z": ""}, make_fleet())) == 4


def test_defaults_fill_what_is_not_given_in_the_order_of_declaration() -> None:
    given = {"note": "hello", "prompt": "shoes"}

    found = effective_params([PROMPT, SIZE, NOTE], given)

    assert list(found.items()) == [("prompt", "shoes"), ("size", "1080x1080"), ("note", "hello")]
    assert effective_params([NOTE], {}) == {"note": ""}


def test_a_param_with_nul_is_no_environment_variable() -> None:
    assert faults(line_of(1), None, {"a": "x\0y", "b": "fine"}, make_fleet()) == [
        "params: a has the character NUL, which no program can be given; remove it"
    ]


def test_params_fit_into_an_annotation_as_they_are_written_there() -> None:
    """A bell has one byte, and six as JSON; a Korean letter has three in both."""
    korean = {f"p{number}": "가" * 2048 for number in range(32)}
    bells = {f"p{number}": "\a" * 2048 for number in range(32)}

    assert faults(line_of(1), None, korean, make_fleet()) == []
    (sentence,) = faults(line_of(1), None, bells, make_fleet())
    assert sentence.endswith("shorten them, or give long texts as spec.input")


def test_the_pipelines_own_defaults_are_counted_too() -> None:
    params = [Param(name=f"p{number}", default="\a" * 2048) for number in range(32)]

    (sentence,) = faults(line_of(1), params, {}, make_fleet())
    assert "bytes as JSON are more than a Pod can be given" in sentence
