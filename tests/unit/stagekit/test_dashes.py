"""Names with dashes: of params, which are also variables, and of stages, whose outputs are read."""

import pytest

import stagekit
from stagekit.contract import param_variable
from tests.unit.stagekit.local import Local


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("prompt", "STAGEWORK_PARAM_PROMPT"),
        ("max_size", "STAGEWORK_PARAM_MAX_SIZE"),
        ("max-size", "STAGEWORK_PARAM_MAX_SIZE"),
    ],
)
def test_a_params_variable_has_no_dashes(name: str, variable: str) -> None:
    assert param_variable(name) == variable


def test_a_param_is_found_by_its_own_name(local: Local) -> None:
    local.give("params", {"max-size": "3"})
    seen: list[str] = []

    assert stagekit.main({"ocr": lambda ctx: seen.append(ctx.param("max-size"))}, ["x"]) == 0
    assert seen == ["3"]
    assert local.is_marked


def test_without_a_file_it_is_found_among_the_variables(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(param_variable("max-size"), "4")
    seen: list[str] = []

    assert stagekit.main({"ocr": lambda ctx: seen.append(ctx.param("max-size"))}, ["x"]) == 0
    assert seen == ["4"]
    assert local.is_marked


def test_the_outputs_of_a_stage_with_dashes_are_read(local: Local) -> None:
    prefix = local.earlier("read-map", {"map.txt": b"north"})
    local.give("inputs", {"stages": {"read-map": prefix}})
    seen: list[bytes] = []

    def stage(ctx: stagekit.Context) -> None:
        seen.append(ctx.inputs.file("read-map", "map.txt").read_bytes())

    assert stagekit.main({"ocr": stage}, ["x"]) == 0
    assert seen == [b"north"]
    assert local.result["outcome"] == "Succeeded"
