"""What nine stages leave: from a prompt, in Korean, and on a given picture."""

from __future__ import annotations

import numpy as np
import pytest
import stagefiles
from adimage import outputs
from adimage.__main__ import STAGES
from adimage.geometry import Box, iou, overlap
from adimage.outputs import OUTPUTS

from tests.unit.ad_image.chain import Chain


def test_the_stages_are_the_nine_of_the_pipeline_in_their_order() -> None:
    assert list(STAGES) == list(OUTPUTS)
    assert len(STAGES) == 9


@pytest.mark.parametrize("stage", list(STAGES))
def test_each_output_fits_its_published_schema_and_names_its_method(
    chain: Chain, stage: str
) -> None:
    assert chain.published(stage)["method"] == "builtin"
    assert chain.values(stage)["method"] == "builtin"


@pytest.mark.parametrize("stage", list(STAGES))
def test_the_published_schema_is_the_one_of_the_code(stage: str) -> None:
    assert (Chain.SCHEMAS / f"{stage}.json").read_bytes() == stagefiles.schema(
        stage, OUTPUTS[stage]
    ), "run images/ad-image/tools/make_schemas.py"


def test_a_drawn_picture_has_the_size_of_the_prompt_and_its_product(english: Chain) -> None:
    made = english.read("img_gen", outputs.ImgGen)
    assert english.pixels("img_gen", "image.png").shape == (1080, 1080, 3)
    assert (made.origin, made.product) == ("drawn", "shoe")
    assert made.product_box is not None
    assert made.product_box.inside(1080, 1080) == made.product_box


def test_a_given_picture_keeps_its_size(given: Chain) -> None:
    made = given.read("img_gen", outputs.ImgGen)
    assert (made.origin, made.width, made.height) == ("given", 1000, 750)
    assert given.pixels("img_gen", "image.png").shape == (750, 1000, 3)


def test_dominant_colours_cover_the_picture_and_free_areas_keep_off_the_product(
    english: Chain,
) -> None:
    looks = english.read("vlm_analyze", outputs.VlmAnalyze)
    product = english.read("img_gen", outputs.ImgGen).product_box
    assert product is not None
    assert sum(s.share for s in looks.colours) == pytest.approx(1, abs=0.01)
    assert looks.free_areas[0].share > 0.25
    assert overlap(looks.free_areas[0].box, product) < 0.02 * product.area


def test_the_drawn_product_is_found_where_it_is(english: Chain) -> None:
    product = english.read("img_gen", outputs.ImgGen).product_box
    found = english.read("yolo_detect", outputs.YoloDetect)
    assert product is not None
    assert max(iou(f.box, product) for f in found.found) > 0.8
    assert {f.kind for f in found.found} == {"object"}


def test_all_text_is_inside_the_frame_with_a_margin(chain: Chain) -> None:
    made = chain.read("overlay", outputs.Overlay)
    inner = Box(0, 0, made.width, made.height).grown(-0.05 * min(made.width, made.height))
    for line in made.lines:
        assert overlap(line.box, inner) == pytest.approx(line.box.area)


def test_no_text_is_over_the_product(chain: Chain) -> None:
    made = chain.read("overlay", outputs.Overlay)
    assert made.on_product == 0
    product = chain.read("img_gen", outputs.ImgGen).product_box
    if product is not None:
        assert not any(overlap(line.box, product) for line in made.lines)


def test_the_text_differs_from_the_picture_and_nothing_else_does(chain: Chain) -> None:
    before = chain.pixels("overlay", "backing.png").astype(int)
    after = chain.pixels("overlay", "composed.png").astype(int)
    ink = chain.pixels("overlay", "ink.png")[..., 0]
    changed = np.abs(after - before).max(axis=2)
    assert changed[ink == 0].max() == 0
    assert changed[ink > 250].min() > 40


def test_english_is_read_back(english: Chain, given: Chain) -> None:
    for chain in (english, given):
        assert chain.published("ocr_eval")["cer"] < 0.1


def test_korean_is_read_back(korean: Chain) -> None:
    found = korean.published("ocr_eval")
    assert found["language"] == "kor"
    assert found["cer"] < 0.25


def test_the_text_is_legible_by_wcag(chain: Chain) -> None:
    found = chain.read("readability_eval", outputs.ReadabilityEval)
    assert found.p5 >= 4.5
    assert found.minimum <= found.p5 <= found.median
    assert found.aa


def test_found_text_boxes_lie_on_the_planned_ones(chain: Chain) -> None:
    found = chain.read("iou_eval", outputs.IouEval)
    assert found.mean_iou_set > 0.9
    assert found.mean_iou_read > 0.5


def test_the_judge_passes_it_and_says_why(chain: Chain) -> None:
    verdict = chain.read("vlm_judge", outputs.VlmJudge)
    assert verdict.passed
    assert verdict.score > 0.8
    assert all(rule.sentence for rule in verdict.rules)


def test_the_same_prompt_gives_the_same_bytes(
    english: Chain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = Chain(tmp_path_factory.mktemp("again"), english.params)
    assert again.run("img_gen") == 0
    one, other = english.file("img_gen", "image.png"), again.file("img_gen", "image.png")
    assert one.read_bytes() == other.read_bytes()
