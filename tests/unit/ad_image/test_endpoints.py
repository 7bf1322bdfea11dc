"""The stages that can ask a model endpoint, with the tests' own server behind the real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from adimage import outputs
from adimage.__main__ import STAGES

from stagekit.endpoint import Endpoint, read_endpoint
from tests.support.modelserver.server import KEY, MODEL, ModelServer, running
from tests.unit.ad_image.chain import Chain
from tests.unit.ad_image.conftest import ROOT, SNEAKER
from tests.unit.models.gateway import Gateway, opened

ASKING = ("img_gen", "vlm_analyze", "planner", "vlm_judge")
"""The stages that know an endpoint."""
PARAMS = {"prompt": "summer shoes, 640x800"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of the protocol."""
    with running() as started:
        yield started


@pytest.fixture
def gateway(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """Runs in a folder reach the endpoints of this gateway."""
    monkeypatch.setattr("modelcalls.patience.FIRST_SECONDS", 0.001)
    with opened(tmp_path, server.url, machine="gpu") as made:

        def endpoint(_link: object, role: str) -> Endpoint:
            address = f"/v1/models/{role}"
            url = made.service.url + address
            return read_endpoint(made.get(address).body, role, url, lambda: made.token)

        monkeypatch.setattr("stagekit.folder_link.FolderLink.endpoint", endpoint)
        yield made


def result(chain: Chain, stage: str) -> dict[str, object]:
    """What stagekit stored of a stage."""
    found: dict[str, object] = json.loads(chain.file(stage, "result.json").read_text())
    return found


@pytest.mark.usefixtures("gateway")
def test_the_four_stages_use_the_endpoint_and_say_so(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", PARAMS, method="auto").run_all()
    for stage in STAGES:
        text = chain.file(stage, f"{stage}.json").read_text()
        found = json.loads(text)
        schema = json.loads((ROOT / f"images/ad-image/schemas/{stage}.json").read_text())
        jsonschema.validate(found, schema)
        method = "endpoint" if stage in ASKING else "builtin"
        assert (found["method"], result(chain, stage)["method"]) == (method, method), stage
        assert found.get("machine") == ("gpu" if stage in ASKING else None)
        assert MODEL not in text
        assert KEY not in text
    assert chain.read("img_gen", outputs.ImgGen).origin == "generated"
    assert chain.pixels("img_gen", "image.png").shape == (800, 640, 3)
    described = chain.read("vlm_analyze", outputs.VlmAnalyze).described
    assert described is not None
    assert described.description == "The picture A picture of 640x800"
    assert chain.read("planner", outputs.Plan).headline == "Language English Wanted summer shoes"
    assert len(chain.read("vlm_judge", outputs.VlmJudge).rules) == 7


@pytest.mark.usefixtures("gateway")
def test_what_the_params_say_wins_over_the_endpoints_words(tmp_path: Path) -> None:
    params = {**PARAMS, "headline": "Walk on"}
    chain = Chain(tmp_path / "run", params, source=SNEAKER, method="auto").run_all()
    plan = chain.read("planner", outputs.Plan)
    assert (plan.headline, plan.method) == ("Walk on", "endpoint")


@pytest.mark.usefixtures("gateway")
def test_a_given_picture_is_taken_and_none_is_made(tmp_path: Path, server: ModelServer) -> None:
    chain = Chain(tmp_path / "run", PARAMS, source=SNEAKER, method="endpoint")
    assert chain.run("img_gen") == 0
    assert result(chain, "img_gen")["method"] == "builtin"
    assert server.requests == []


@pytest.mark.usefixtures("gateway")
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


@pytest.mark.usefixtures("gateway")
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


@pytest.mark.usefixtures("gateway")
def test_a_stage_that_knows_no_endpoint_refuses_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", PARAMS, method="endpoint")
    assert chain.run("ocr_eval") == 2
    assert chain.mark("ocr_eval")["reason"] == "UnknownMethod"
