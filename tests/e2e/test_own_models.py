"""A network of the pipeline's own: uploaded as an archive, computed by the stage that names it.

The networks are tiny and real (`tests/support/onnxfolders`): one finds red and blue squares, the
other counts words. An archive that is broken, or that nobody uploaded, is a reason in the status.
"""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import onnxfolders
from tests.support.cluster.commands import Document
from tests.support.cluster.documents import SAMPLES, Done, finished, sample
from tests.support.cluster.space import Space
from tests.support.cluster.stages import ANYWHERE, run_of
from tests.support.cluster.uploads import upload
from tests.support.cluster.waiting import stage_in

SECONDS = 150.0
"""For all runs together, on a busy machine."""
SIDE = 256
"""Of the picture."""
SQUARE = SIDE * onnxfolders.WINDOW // onnxfolders.SIDE
"""A square of it that fills the detector's window."""
TEXT_STAGES = ("extract", "markdown", "chunk", "embed")
REFUSED = {
    "broken": ("ModelBroken", "no sound zip"),
    "absent": ("ModelNotFound", "upload the model (again)"),
}
"""Stages whose model cannot be used, the reason, and what the message says of it."""


def zipped(folder: Path) -> Path:
    """The model's folder as the archive that people upload."""
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{folder.name}/{file.name}")
    return target


def squares(target: Path) -> Path:
    """A grey picture with a red square above on the left and a blue one below on the right."""
    picture = Image.new("RGB", (SIDE, SIDE), (200, 200, 200))
    picture.paste((255, 0, 0), (0, 0, SQUARE, SQUARE))
    picture.paste((0, 0, 255), (SIDE - SQUARE, SIDE - SQUARE, SIDE, SIDE))
    picture.save(target)
    return target


def stages_of(pipeline: str) -> dict[str, Document]:
    """The stages of a sample pipeline, tried once, wherever there is room."""
    listed: list[Document] = sample(f"pipeline-{pipeline}")["spec"]["stages"]
    return {stage["name"]: {**stage, **ANYWHERE, "retries": 0} for stage in listed}


def computing(stage: Document, model: str) -> Document:
    """The stage with method `onnx` and this archive."""
    env = {"STAGEWORK_METHOD": "onnx", "STAGEWORK_MODEL": model}
    return {**stage, "env": [{"name": name, "value": value} for name, value in env.items()]}


def detecting(picture: str, model: str) -> Document:
    """A run that takes the picture and looks for what the network knows."""
    stages = stages_of("ad-image")
    detect = computing(stages["yolo_detect"], model)
    return run_of("squares", stages["img_gen"], detect, **about(picture))


def refusing(picture: str, models: dict[str, str]) -> Document:
    """The same with several detections side by side, named as their models are."""
    stages = stages_of("ad-image")
    after = {**stages["yolo_detect"], "dependsOn": ["img_gen"]}
    detects = [computing({**after, "name": name}, model) for name, model in models.items()]
    return run_of("refused", stages["img_gen"], *detects, **about(picture))


def about(picture: str) -> Document:
    """What an advertisement's run wants beside its stages."""
    size = f"{SIDE}x{SIDE}"
    params = {"prompt": "squares", "size": size}
    return {"params": params, "input": {"uri": picture}}


def embedding(document: str, model: str) -> Document:
    """A run that reads a document and makes the network's vectors of it."""
    stages = stages_of("document")
    kept = [stages[name] for name in TEXT_STAGES]
    linked = [
        {**stage, "dependsOn": [name for name in stage["dependsOn"] if name in TEXT_STAGES]}
        for stage in kept
    ]
    linked[-1] = computing(linked[-1], model)
    return run_of("page", *linked, input={"uri": document})


@pytest.fixture(scope="module", autouse=True)
def applied(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The runs, side by side."""
    folder = tmp_path_factory.mktemp("models")
    detector = upload(space, zipped(onnxfolders.detector(folder / "squares")))
    counter = upload(space, zipped(onnxfolders.counter(folder / "counter")))
    whole = (folder / "squares.zip").read_bytes()
    (folder / "broken.zip").write_bytes(whole[: len(whole) // 2])
    models = {
        "broken": upload(space, folder / "broken.zip"),
        "absent": f"artifact://{space.namespace}/uploads/{'0' * 64}/absent.zip",
    }
    picture = upload(space, squares(folder / "squares.png"))
    document = upload(space, SAMPLES / "document-visit.html")
    space.apply(
        embedding(document, counter), detecting(picture, detector), refusing(picture, models)
    )


@pytest.fixture(scope="module")
def detected(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The finished detection."""
    return finished(space, "squares", tmp_path_factory.mktemp("detected"), SECONDS)


@pytest.fixture(scope="module")
def embedded(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The finished embedding."""
    return finished(space, "page", tmp_path_factory.mktemp("embedded"), SECONDS)


@pytest.fixture(scope="module")
def refused(space: Space) -> Document:
    """The run that has failed."""
    return space.wait_for_end("refused", "StageFailed", SECONDS)


def test_the_network_finds_and_names_what_is_in_the_picture(detected: Done) -> None:
    made = detected.output("yolo_detect")
    assert (made["method"], made["detectors"]) == ("onnx", ["onnx"])
    size, far = {"w": SQUARE, "h": SQUARE}, SIDE - SQUARE
    assert {thing["label"]: thing["box"] for thing in made["found"]} == {
        "red square": {"x": 0, "y": 0, **size},
        "person": {"x": far, "y": far, **size},
    }
    result = detected.result("yolo_detect")
    assert result["method"] == "onnx"
    assert set(result["values"]["labels"].split(", ")) == {"person 1", "red square 1"}


def test_every_chunk_has_a_vector_of_the_networks_own_space(embedded: Done) -> None:
    about = embedded.output("embed")
    assert (about["method"], about["dimensions"]) == ("onnx", len(onnxfolders.WORDS))
    assert about["space"].startswith("onnx-")
    assert about["ids"] == [chunk["id"] for chunk in embedded.output("chunk")["chunks"]]
    rows = np.load(embedded.folder / "embed" / about["file"])
    assert rows.shape == (len(about["ids"]), len(onnxfolders.WORDS))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert embedded.result("embed")["method"] == "onnx"


def test_outputs_name_no_network(detected: Done, embedded: Done) -> None:
    for done in (detected, embedded):
        texts = [path.read_text() for path in done.folder.rglob("*.json*")]
        assert texts
        assert not [text for text in texts if "secret-model-name" in text or ".zip" in text]


@pytest.mark.parametrize("stage", REFUSED)
def test_a_model_that_cannot_be_used_is_a_reason_in_the_status(
    refused: Document, stage: str
) -> None:
    status = stage_in(refused, stage)
    reason, words = REFUSED[stage]
    assert (status["state"], status["reason"]) == ("Failed", reason), status
    assert words in status["message"], status
    assert status["attempt"] == 1, "the model stays as it is"
    assert stage_in(refused, "img_gen")["state"] == "Succeeded"
