"""The product knows no sample: what is special to one pipeline lives with it."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "manifests/samples").glob("*.yaml"))
PRODUCT = sorted((ROOT / "operator").rglob("*.py"))
CHART = sorted(path for path in (ROOT / "charts").rglob("*") if path.is_file())
SHOWS = [path for path in PRODUCT if {"cli", "overview"} & {*path.parts}]
"""What shows runs has no plain word either that is the name of a stage (`preview`)."""


def _words_of_the_samples() -> set[str]:
    bodies = [body for file in SAMPLES for body in yaml.safe_load_all(file.read_text())]
    stages = [stage for body in bodies for stage in body["spec"].get("stages", [])]
    return {body["metadata"]["name"] for body in bodies} | {stage["name"] for stage in stages}


WORDS = _words_of_the_samples()


def test_the_samples_were_read() -> None:
    assert {"ad-image", "document", "vlm_judge", "fulltext", "summarize"} <= WORDS


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)).removeprefix("operator/")


@pytest.mark.parametrize("path", [*PRODUCT, *CHART], ids=_short)
def test_no_text_names_a_sample_or_one_of_its_stages(path: Path) -> None:
    unmistakable = {word for word in WORDS if "_" in word or "-" in word}

    assert unmistakable & {*re.findall(r"[\w-]+", path.read_text())} == set()


@pytest.mark.parametrize("path", SHOWS, ids=_short)
def test_no_name_of_a_sample_or_of_its_stages_is_in_the_code(path: Path) -> None:
    tree = ast.parse(path.read_text())
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}

    assert literals & WORDS == set()


def test_no_value_of_the_chart_names_one_either() -> None:
    lines = (ROOT / "charts/stagework/values.yaml").read_text().splitlines()
    code = "\n".join(line.split("# ")[0] for line in lines)

    assert "machineClasses" in code
    assert WORDS & {*re.findall(r"[\w-]+", code)} == set()
