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
            [make_stage("a", runsIf="Failed")],
            "stage a: runsIf: Failed is of no use, for it depends on no stage; "
            "move it down, or name stages in its dependsOn",
            id="nothing above that could fail",
        ),
        pytest.param(
            [make_stage("a"), make_stage("b", runsIf="Ended", dependsOn=[])],
            "stage b: runsIf: Ended is of no use, for it depends on no stage; "
            "move it down, or name stages in its dependsOn",
            id="the end of nothing",
        ),
        pytest.param(
            [make_stage("img_")],
            "stage img_: a name cannot end with `_` or `-`; rename it",
            id="a name that is no label value",
        ),
        pytest.param(
            [make_stage("img-")],
            "stage img-: a name cannot end with `_` or `-`; rename it",
            id="nor one with a dash",
        ),
        pytest.param(
            [make_stage("a-b"), make_stage("a_b")],
            "stage a_b: its name and a-b differ by `-` and `_` alone; rename one",
            id="two names that read alike",
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


TOO_LONG = (
    "params: all params together may have 64 KiB of UTF-8: shorten them, or give long texts as "
    "spec.input"
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({"a": "x" * 65536}, [], id="one has all"),
        pytest.param({"a": "x" * 65536, "b": "y"}, [TOO_LONG], id="a byte too many"),
        pytest.param({f"p{n}": "가" * 682 for n in range(32)}, [], id="Korean"),
        pytest.param({f"p{n}": "가" * 683 for n in range(32)}, [TOO_LONG], id="more of it"),
    ],
)
def test_params_have_64_kib_of_utf_8_in_all(given: dict[str, str], found: list[str]) -> None:
    assert faults(line_of(1), None, given, make_fleet()) == found


def test_params_fit_into_an_annotation_as_they_are_written_there() -> None:
    """A bell has one byte, and six as JSON."""
    bells = {"a": "\a" * 65536}

    (sentence,) = faults(line_of(1), None, bells, make_fleet())
    assert "bytes as JSON are more than a Pod can be given" in sentence


def test_the_pipelines_own_defaults_are_counted_too() -> None:
    params = [Param(name="a"), Param(name="b", default="x" * 32768)]

    assert faults(line_of(1), params, {"a": "y" * 32768}, make_fleet()) == []
    assert faults(line_of(1), params, {"a": "y" * 32769}, make_fleet()) == [TOO_LONG]


CHOICE = Param(name="size", default="s", enum=["s", "m"])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({}, [], id="left out"),
        pytest.param({"size": "m"}, [], id="one of them"),
        pytest.param(
            {"size": "xl"},
            ["params: size cannot be 'xl'; the pipeline takes 's', 'm'"],
            id="another",
        ),
        pytest.param(
            {"size": ""}, ["params: size cannot be ''; the pipeline takes 's', 'm'"], id="nothing"
        ),
    ],
)
def test_a_param_with_choices_takes_only_these(given: dict[str, str], found: list[str]) -> None:
    assert faults(line_of(1), [CHOICE], given, make_fleet()) == found


def test_a_long_wrong_choice_is_said_in_part() -> None:
    (sentence,) = faults(line_of(1), [CHOICE], {"size": "x" * 60_000}, make_fleet())

    assert len(sentence) < 200


def test_two_params_of_one_variable_are_told() -> None:
    given = {"a-b": "1", "ab": "2", "a_b": "3"}

    assert faults(line_of(1), None, given, make_fleet()) == [
        "params: a-b and a_b would be one environment variable; rename one"
    ]
