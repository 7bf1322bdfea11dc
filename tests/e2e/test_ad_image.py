"""The main job: nine stages on three classes of machine, from a prompt or a picture to scores."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.e2e.conftest import Samples
from tests.support.cluster.commands import ROOT, Document
from tests.support.cluster.space import Space

RUNS = ("ad-from-prompt", "ad-from-picture", "ad-korean")
SECONDS = 840.0
"""For all three together, on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the results go."""
    return tmp_path_factory.mktemp("results")


def fetched(space: Space, run: str, folder: Path) -> Path:
    """`stagework results`, once a run."""
    space.wait_for_end(run, "Completed", SECONDS)
    into = folder / run
    return into if into.exists() else space.results(run, into)


def result(folder: Path, stage: str) -> dict[str, Any]:
    """What a stage says of itself."""
    return json.loads((folder / stage / "result.json").read_text())


@cache
def pipeline_stages() -> list[Document]:
    """The stages of the sample pipeline."""
    text = (ROOT / "manifests" / "samples" / "pipeline-ad-image.yaml").read_text()
    return yaml.safe_load(text)["spec"]["stages"]


@pytest.mark.parametrize("run", RUNS)
def test_every_stage_ran_once_and_on_a_node_of_its_class(samples: Samples, run: str) -> None:
    space = samples.space
    ended = space.wait_for_end(run, "Completed", SECONDS)
    assert ended["status"]["progress"] == "9/9"
    assert ended["status"]["retries"] == 0
    for stage in pipeline_stages():
        pod = space.pod_of(run, stage["name"])
        node = space.api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
        assert node["metadata"]["labels"]["stagework.dev/machine"] == stage["runsOn"][0]
        status = space.stage_of(run, stage["name"])
        assert (status["machine"], status["node"]) == (stage["runsOn"][0], pod["spec"]["nodeName"])


@pytest.mark.parametrize(
    ("run", "size"),
    [("ad-from-prompt", (1080, 1080)), ("ad-korean", (1080, 1350)), ("ad-from-picture", None)],
)
def test_the_picture_is_there(
    samples: Samples, folder: Path, run: str, size: tuple[int, int] | None
) -> None:
    results = fetched(samples.space, run, folder)
    with Image.open(results / "overlay" / "composed.png") as composed:
        composed.load()
        assert composed.format == "PNG"
        assert min(composed.size) >= 256
        if size is not None:
            assert composed.size == size
        with Image.open(results / "overlay" / "backing.png") as backing:
            assert backing.size == composed.size
            assert backing.convert("RGB").tobytes() != composed.convert("RGB").tobytes()


@pytest.mark.parametrize("run", RUNS)
def test_its_scores_are_good(samples: Samples, folder: Path, run: str) -> None:
    results = fetched(samples.space, run, folder)
    assert result(results, "ocr_eval")["values"]["cer"] <= 0.1
    assert result(results, "readability_eval")["values"]["contrast_p5"] >= 4.5
    assert result(results, "iou_eval")["values"]["iou_mean"] >= 0.6
    judged = result(results, "vlm_judge")["values"]
    assert judged["passed"] is True
    assert judged["score"] >= 0.7


def test_korean_text_is_set_and_read_back(samples: Samples, folder: Path) -> None:
    results = fetched(samples.space, "ad-korean", folder)
    read = result(results, "ocr_eval")["values"]["read"]
    assert any("\uac00" <= letter <= "\ud7a3" for letter in read), read


def test_the_given_picture_is_the_one_that_is_worked_on(samples: Samples, folder: Path) -> None:
    results = fetched(samples.space, "ad-from-picture", folder)
    with (
        Image.open(ROOT / "manifests" / "samples" / "sneaker.png") as given,
        Image.open(results / "img_gen" / "image.png") as taken,
    ):
        assert taken.size == given.size
        small = [picture.convert("L").resize((32, 32)).tobytes() for picture in (given, taken)]
    difference = sum(abs(a - b) for a, b in zip(*small, strict=True)) / len(small[0])
    assert difference < 8


@pytest.mark.parametrize("run", RUNS)
def test_each_output_says_which_method_made_it(samples: Samples, folder: Path, run: str) -> None:
    results = fetched(samples.space, run, folder)
    for stage in pipeline_stages():
        name = stage["name"]
        document = json.loads((results / name / f"{name}.json").read_text())
        assert document["method"] == "builtin", name
        assert result(results, name)["machine"] == stage["runsOn"][0]
