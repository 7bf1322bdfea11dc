"""Method `onnx` of `yolo_detect`: the pipeline's own network finds and names, or is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from adimage import onnx_detector
from adimage.arrays import image_of
from adimage.geometry import Box
from adimage.onnx_detector import Detector
from adimage.outputs import YoloDetect
from onnxmodels import processors

import stagekit
from tests.support import onnxfolders
from tests.unit.ad_image.chain import Chain

RED, BLUE = Box(160, 64, 128, 128), Box(384, 0, 128, 128)


def squares() -> onnx_detector.Pixels:
    """A red and a blue square on grey."""
    pixels = np.full((256, 512, 3), 200, dtype=np.uint8)
    for box, colour in ((RED, (255, 0, 0)), (BLUE, (0, 0, 255))):
        rows, columns = box.slices()
        pixels[rows, columns] = colour
    return pixels


def seen(tmp_path: Path, model: str, method: str = "onnx") -> Chain:
    """A run on the squares whose detection is by that model."""
    picture = tmp_path / "squares.png"
    image_of(squares()).save(picture)
    chain = Chain(tmp_path / "run", {"prompt": "squares"}, source=picture).run_all("img_gen")
    chain.method, chain.model = method, model
    return chain


def found_by(folder: Path) -> list[tuple[str, Box]]:
    return [(thing.label, thing.box) for thing in Detector(folder).detected(squares())]


def test_the_stage_finds_and_names_what_the_network_was_made_for(tmp_path: Path) -> None:
    chain = seen(tmp_path, str(onnxfolders.detector(tmp_path / "models")))
    assert chain.run("yolo_detect") == 0
    made = chain.read("yolo_detect", YoloDetect)
    assert (made.method, made.detectors) == ("onnx", ["onnx"])
    assert [(f.kind, f.label, f.score, f.box) for f in made.found] == [
        ("person", "person", 1.0, BLUE),
        ("object", "red square", 1.0, RED),
    ]
    values = chain.values("yolo_detect")
    assert (values["people"], values["objects"], values["method"]) == (1, 1, "onnx")
    assert values["labels"] == "person 1, red square 1"
    assert chain.result("yolo_detect")["method"] == "onnx"
    assert chain.pixels("yolo_detect", "detections.png").shape == (256, 512, 3)


def test_its_output_fits_the_schema_and_names_no_model(tmp_path: Path) -> None:
    chain = seen(tmp_path, str(onnxfolders.detector(tmp_path / "models")))
    assert chain.run("yolo_detect") == 0
    chain.published("yolo_detect")
    for name in ("yolo_detect.json", "result.json"):
        text = chain.file("yolo_detect", name).read_text()
        assert "secret-model-name" not in text
        assert str(tmp_path) not in text


def test_the_rest_of_the_pipeline_goes_on_with_what_it_found(tmp_path: Path) -> None:
    chain = seen(tmp_path, str(onnxfolders.detector(tmp_path / "models")))
    assert chain.run("yolo_detect") == 0
    chain.method = ""
    chain.run_all("vlm_analyze", "planner", "overlay")


def test_the_model_may_be_an_uploaded_archive(tmp_path: Path) -> None:
    folder = onnxfolders.detector(tmp_path / "models")
    uploaded = tmp_path / "run/store/team/uploads/abc/squares.zip"
    uploaded.parent.mkdir(parents=True)
    with zipfile.ZipFile(uploaded, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"squares/{file.name}")
    chain = seen(tmp_path, "artifact://team/uploads/abc/squares.zip")
    assert chain.run("yolo_detect") == 0
    assert len(chain.read("yolo_detect", YoloDetect).found) == 2


@pytest.mark.parametrize("layout", ["v8", "v5"])
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_both_layouts_and_both_fits_give_places_in_the_picture_itself(
    tmp_path: Path, layout: str, fit: str
) -> None:
    folder = onnxfolders.detector(tmp_path / "m", layout, fit=fit, least_score=0.45)
    found = dict(found_by(folder))
    for label, square in (("red square", RED), ("person", BLUE)):
        middle = found[label].x + found[label].w / 2, found[label].y + found[label].h / 2
        assert middle == pytest.approx(
            (square.x + square.w / 2, square.y + square.h / 2), abs=0 if fit == "letterbox" else 64
        )


def test_channels_and_normalisation_are_those_of_the_model(tmp_path: Path) -> None:
    swapped = onnxfolders.detector(tmp_path / "bgr", channels="bgr")
    assert dict(found_by(swapped)) == {"red square": BLUE, "person": RED}
    faint = onnxfolders.detector(tmp_path / "std", std=[2, 2, 2])
    assert found_by(faint) == [], "half as strong is below the least score"


def test_of_overlapping_boxes_of_one_label_the_surest_stays() -> None:
    corners = np.array(
        [[0, 0, 10, 10], [1, 1, 11, 11], [0, 0, 10, 10], [20, 0, 30, 10]], dtype=np.float32
    )
    labels = np.array([0, 0, 1, 0])
    assert onnx_detector.surest(corners, labels, most_overlap=0.5) == [0, 2, 3]
    assert onnx_detector.surest(corners, labels, most_overlap=0.9) == [0, 1, 2, 3]
    assert onnx_detector.surest(corners[:0], labels[:0], most_overlap=0.5) == []


Change = Callable[[Path], object]


def described_as(**changes: Any) -> Change:
    """Another model.json."""

    def change(folder: Path) -> None:
        path = folder / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def without(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def holding(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content)


def unsure(folder: Path) -> None:
    onnxfolders.detector(folder, sigmoid=False)


def halved(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_table(folder: Path) -> None:
    node = onnx.helper.make_node("ReduceMean", ["picture"], ["found"], keepdims=0)
    slots = [onnxfolders.floats("picture", 1, 3, 64, 64)], [onnxfolders.floats("found")]
    onnxfolders.write(folder, onnxfolders.model([node], *slots, {}))


BAD: dict[str, tuple[Change, str, str]] = {
    "an empty folder": (
        lambda folder: [file.unlink() for file in folder.iterdir()],
        "ModelNotFound",
        "mount a volume there",
    ),
    "no folder": (shutil.rmtree, "ModelNotFound", "mount a volume there"),
    "no network": (without("model.onnx"), "ModelNotFound", "no model.onnx"),
    "no labels": (without("labels.txt"), "ModelNotFound", "no labels.txt"),
    "no model.json": (without("model.json"), "ModelNotFound", "no model.json"),
    "a broken network": (holding("model.onnx", b"not a network"), "ModelBroken", "export it"),
    "an empty network": (holding("model.onnx", b""), "ModelBroken", "export it again"),
    "half a network": (halved, "ModelBroken", "export it again"),
    "a network for other pictures": (described_as(width=640), "ModelBroken", "1x3x64x640"),
    "scores that are none": (unsure, "ModelBroken", "with its sigmoid"),
    "an output that is no table": (no_table, "ModelBroken", "no table of boxes"),
    "model.json that is none": (holding("model.json", b"{"), "ModelBroken", "model.json"),
    "a word that nobody knows": (described_as(colour="red"), "ModelBroken", "`colour`"),
    "a size that cannot be": (described_as(width=0), "ModelBroken", "`$.width`"),
    "a division by zero": (described_as(std=[1, 0, 1]), "ModelBroken", "zero"),
    "a model for another task": (
        holding("model.json", b'{"task": "embedding"}'),
        "ModelBroken",
        "this stage wants detection",
    ),
    "too few labels": (holding("labels.txt", b"shoe"), "LabelsDoNotFit", "has 1 labels"),
    "too many labels": (holding("labels.txt", b"a\nb\nc"), "LabelsDoNotFit", "has 3 labels"),
    "an empty label": (holding("labels.txt", b"a\n\nb"), "LabelsDoNotFit", "line 2"),
    "no label at all": (holding("labels.txt", b"\n"), "LabelsDoNotFit", "labels.txt"),
    "labels of unknown letters": (holding("labels.txt", b"\xff\xfe\xfa"), "ModelBroken", "UTF-8"),
    "the other layout": (described_as(layout="v5"), "LabelsDoNotFit", "fits layout v8"),
}


@pytest.mark.parametrize(("change", "reason", "words"), BAD.values(), ids=list(BAD))
def test_what_does_not_fit_is_refused_with_what_to_change(
    tmp_path: Path, change: Change, reason: str, words: str
) -> None:
    folder = onnxfolders.detector(tmp_path / "models")
    change(folder)
    chain = seen(tmp_path, str(folder))
    assert chain.run("yolo_detect") == 2, "no further attempt: the model stays as it is"
    mark = chain.mark("yolo_detect")
    assert (mark["outcome"], mark["reason"]) == ("Refused", reason)
    assert words in str(mark["message"])
    assert "secret-model-name" not in str(mark)


def test_without_a_folder_named_the_reason_says_how_to_name_one(tmp_path: Path) -> None:
    chain = seen(tmp_path, "")
    assert chain.run("yolo_detect") == 2
    assert chain.reason("yolo_detect") == "ModelNotSet"
    assert "STAGEWORK_MODEL" in str(chain.mark("yolo_detect")["message"])


def test_a_model_is_not_used_unless_the_method_says_so(tmp_path: Path) -> None:
    chain = seen(tmp_path, str(tmp_path / "nothing"), method="builtin")
    assert chain.run("yolo_detect") == 0
    assert chain.read("yolo_detect", YoloDetect).method == "builtin"


def test_labels_are_shown_as_one_clean_line(tmp_path: Path) -> None:
    folder = onnxfolders.detector(tmp_path / "models")
    (folder / "labels.txt").write_text(
        "\ufeff  빨간\tsquare\x1b[31m \nb\u202ex\n", encoding="utf-8"
    )
    assert {label for label, _ in found_by(folder)} == {"빨간 square", "bx"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [("150000 100000", 2), ("50000 100000", 1), ("6400000 100000", None), ("max 100000", 2)],
)
def test_threads_are_those_of_the_containers_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, expected: int | None
) -> None:
    def eight(_pid: int) -> set[int]:
        return set(range(8))

    monkeypatch.setattr("os.sched_getaffinity", eight)
    (tmp_path / "cpu.max").write_text(f"{told}\n")
    assert processors.usable(tmp_path / "cpu.max") == (expected or 8)
    assert processors.usable(tmp_path / "none") == 2


def test_a_refusal_is_no_crash_of_the_library(tmp_path: Path) -> None:
    folder = onnxfolders.detector(tmp_path / "models")
    (folder / "model.onnx").write_bytes(bytes(range(256)) * 100)
    with pytest.raises(stagekit.Refused, match="cannot be loaded"):
        Detector(folder)
