"""The sample pipeline `ad-evaluate`: pictures of which nobody says how they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from adimage import finished, outputs, reader
from adimage.arrays import read_pixels
from adimage.geometry import Box, iou
from PIL import Image

from tests.unit.ad_image.chain import Chain
from tests.unit.ad_image.conftest import ROOT, SNEAKER
from tests.unit.ad_image.test_batches import batch_of, outcomes

PIPELINE: dict[str, Any] = yaml.safe_load(
    (ROOT / "manifests/samples/pipeline-ad-evaluate.yaml").read_text()
)["spec"]
STAGES = [stage["name"] for stage in PIPELINE["stages"]]
DEFAULTS = {param["name"]: param["default"] for param in PIPELINE["params"]}
WORDS = {"headline": "Summer Shoes", "subline": "Made for long, bright days"}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, english: Chain, korean: Chain) -> Chain:
    """Two advertisements that our own pipeline has made, a picture without text, a broken one."""
    folder = tmp_path_factory.mktemp("evaluate")
    broken = folder / "broken.png"
    broken.write_bytes(SNEAKER.read_bytes()[:40_000])
    made = [str(run.file("overlay", "composed.png")) for run in (english, korean)]
    evaluated = Chain(folder, DEFAULTS)
    evaluated.batch = batch_of(
        folder,
        {"id": "english", "uri": made[0], "params": WORDS},
        {"id": "korean", "uri": made[1], "params": {"lang": "ko"}},
        {"id": "sneaker", "uri": str(SNEAKER)},
        {"id": "broken", "uri": str(broken)},
    )
    return evaluated.run_all(*STAGES)


def of(chain: Chain, stage: str, number: int) -> Any:
    """A stage's output on one picture, which fits its published schema."""
    return chain.published(stage, f"items/{number}")


def test_each_picture_is_judged_alone(chain: Chain) -> None:
    assert outcomes(chain, "img_gen")[3] == ("Refused", "TruncatedPicture")
    for stage in STAGES[1:]:
        assert outcomes(chain, stage) == {
            0: ("Succeeded", ""),
            1: ("Succeeded", ""),
            2: ("Succeeded", "NoText"),
        }


def test_its_text_is_found_wherever_it_stands(chain: Chain) -> None:
    english, korean = of(chain, "ocr_eval", 0), of(chain, "ocr_eval", 1)
    assert (english["planned"], english["cer"]) == ("\n".join(WORDS.values()), 0)
    assert korean["language"] == "kor"
    assert "시작하세요" in korean["read"]
    assert (korean["planned"], korean["cer"], korean["wer"]) == ("", None, None)
    values = json.loads(chain.file("ocr_eval", "items/1/values.json").read_text())
    assert "cer" not in values


def test_its_contrast_is_near_the_one_that_is_measured_on_the_layers(
    chain: Chain, english: Chain
) -> None:
    """Which are gone here: ink and background are found in the pixels."""
    found, known = of(chain, "readability_eval", 0), english.published("readability_eval")
    assert found["median"] == pytest.approx(known["median"], rel=0.25)
    assert found["aa"] == known["aa"]
    assert len(found["lines"]) == len(known["lines"])


def test_the_judge_leaves_out_what_nobody_has_looked_for(chain: Chain) -> None:
    verdict = of(chain, "vlm_judge", 0)
    rules = [rule["rule"] for rule in verdict["rules"]]
    assert "off_product" not in rules
    assert len(rules) == 6
    assert verdict["passed"]


def test_lines_are_found_where_they_were_set(english: Chain) -> None:
    pixels = read_pixels(english.file("overlay", "composed.png"))
    lines = reader.find_text(pixels, "eng").lines
    overlay, backing, ink = finished.layers(pixels, lines)
    known = english.read("overlay", outputs.Overlay).lines
    for line, original in zip(overlay.lines, known, strict=True):
        assert (line.role, line.text) == (original.role, original.text)
        assert iou(line.box, original.box) > 0.7
    assert set(ink.ravel().tolist()) == {0.0, 1.0}
    plain = english.pixels("overlay", "backing.png")
    assert abs(backing.astype(int) - plain.astype(int)).mean() < 3


def test_a_box_of_one_shade_has_a_colour_all_the_same() -> None:
    pixels = read_pixels(SNEAKER)
    pixels = pixels.copy()
    pixels[10:30, 10:60] = (9, 9, 9)
    overlay, _, _ = finished.layers(pixels, [outputs.ReadLine("x", Box(10, 10, 50, 20), 1)])
    assert overlay.lines[0].colour == "#090909"


def test_one_picture_alone_is_measured_too(tmp_path: Path, english: Chain) -> None:
    picture = tmp_path / "ad.png"
    with Image.open(english.file("overlay", "composed.png")) as image:
        image.convert("RGB").save(picture)
    chain = Chain(tmp_path, {**DEFAULTS, **WORDS}, source=picture).run_all(*STAGES)
    assert chain.values("ocr_eval")["cer"] == 0
    assert chain.values("vlm_judge")["passed"] is True


def test_a_picture_without_text_leaves_nothing_to_measure(tmp_path: Path) -> None:
    chain = Chain(tmp_path, DEFAULTS, source=SNEAKER).run_all(*STAGES)
    assert chain.outcomes == {"img_gen": "Succeeded", **dict.fromkeys(STAGES[1:], "Skipped")}


def test_text_that_should_be_there_and_is_not_is_an_error(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {**DEFAULTS, **WORDS}, source=SNEAKER).run_all("img_gen", "ocr_eval")
    assert chain.values("ocr_eval")["cer"] == 1
