"""The stages that can ask a model endpoint, with the tests' own server behind the real gateway."""

from __future__ import annotations

from pathlib import Path

import pytest
from adimage import outputs
from adimage.__main__ import STAGES

from tests.support.modelserver.server import ModelServer
from tests.unit.ad_image.chain import Chain
from tests.unit.ad_image.conftest import SNEAKER
from tests.unit.models.assertions import assert_method_is_stated

pytestmark = pytest.mark.usefixtures("folder_gateway")
ASKING = ("img_gen", "vlm_analyze", "planner", "vlm_judge")
"""The stages that know an endpoint."""
PARAMS = {"prompt": "summer shoes, 640x800"}


def test_the_four_stages_use_the_endpoint_and_say_so(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", PARAMS, method="auto").run_all()
    for stage in STAGES:
        assert_method_is_stated(chain, stage, asked=stage in ASKING)
    assert chain.read("img_gen", outputs.ImgGen).origin == "generated"
    assert chain.pixels("img_gen", "image.png").shape == (800, 640, 3)
    described = chain.read("vlm_analyze", outputs.VlmAnalyze).described
    assert described is not None
    assert described.description == "The picture A picture of 640x800"
    assert chain.read("planner", outputs.Plan).headline == "Language English Wanted summer shoes"
    assert len(chain.read("vlm_judge", outputs.VlmJudge).rules) == 7


def test_what_the_params_say_wins_over_the_endpoints_words(tmp_path: Path) -> None:
    params = {**PARAMS, "headline": "Walk on"}
    chain = Chain(tmp_path / "run", params, source=SNEAKER, method="auto").run_all()
    plan = chain.read("planner", outputs.Plan)
    assert (plan.headline, plan.method) == ("Walk on", "endpoint")


def test_a_given_picture_is_taken_and_none_is_made(tmp_path: Path, server: ModelServer) -> None:
    chain = Chain(tmp_path / "run", PARAMS, source=SNEAKER, method="endpoint")
    assert chain.run("img_gen") == 0
    assert chain.result("img_gen")["method"] == "builtin"
    assert server.requests == []


def test_a_picture_that_is_none_is_an_invalid_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        return b"no picture"

    monkeypatch.setattr("tests.support.modelserver.answers.png", broken)
    chain = Chain(tmp_path / "run", PARAMS, method="endpoint")
    assert chain.run("img_gen") == 1
    mark = chain.mark("img_gen")
    assert (mark["reason"], mark["message"]) == ("ReplyInvalid", "the images reply: NotAPicture")


def test_words_that_no_font_can_set_are_an_invalid_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(tmp_path / "run", PARAMS)
    for stage in ("img_gen", "vlm_analyze", "yolo_detect"):
        assert chain.run(stage) == 0

    def foreign(_asked: str, _limit: int) -> str:
        return "สวัสดี"

    monkeypatch.setattr("tests.support.modelserver.answers.words", foreign)
    chain.method = "endpoint"
    assert chain.run("planner") == 1
    assert chain.mark("planner")["reason"] == "ReplyInvalid"
    assert "สวัสดี" not in str(chain.mark("planner"))


def test_a_stage_that_knows_no_endpoint_refuses_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", PARAMS, method="endpoint")
    assert chain.run("ocr_eval") == 2
    assert chain.mark("ocr_eval")["reason"] == "UnknownMethod"
