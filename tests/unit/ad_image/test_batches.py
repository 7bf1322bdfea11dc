"""The nine stages on pictures of a batch: each alone, and a broken one in no other's way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adimage.__main__ import STAGES

from tests.unit.ad_image.chain import Chain
from tests.unit.ad_image.conftest import SNEAKER

PARAMS = {"prompt": "sneakers for evening walks", "headline": "Walk into the evening"}


def batch_of(folder: Path, *items: dict[str, Any]) -> Path:
    """A list of items, numbered from 0."""
    listed = folder / "items.jsonl"
    listed.write_text("".join(json.dumps(item) + "\n" for item in items))
    return listed


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run on two good pictures and two that are none; one has a headline of its own."""
    folder = tmp_path_factory.mktemp("batch")
    broken = folder / "broken.png"
    broken.write_bytes(SNEAKER.read_bytes()[:40_000])
    made = Chain(folder, PARAMS)
    made.batch = batch_of(
        folder,
        {"id": "sneaker", "uri": str(SNEAKER)},
        {"id": "broken", "uri": str(broken)},
        {"id": "gone", "uri": str(folder / "gone.png")},
        {"id": "own", "uri": str(SNEAKER), "params": {"headline": "Run all night"}},
    )
    return made.run_all()


def outcomes(chain: Chain, stage: str) -> dict[int, tuple[str, str]]:
    """State and reason by number."""
    lines: list[dict[str, Any]] = list(chain.items(stage))
    return {line["number"]: (line["state"], line.get("reason", "")) for line in lines}


def test_a_picture_that_cannot_be_worked_on_is_set_aside_with_its_reason(chain: Chain) -> None:
    assert outcomes(chain, "img_gen") == {
        0: ("Succeeded", ""),
        1: ("Refused", "TruncatedPicture"),
        2: ("Refused", "InputNotFetched"),
        3: ("Succeeded", ""),
    }
    assert chain.mark("img_gen")["counts"] == {"items": 4, "failed": 2, "refused": 2}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "img_gen"])
def test_the_others_go_through_every_stage(chain: Chain, stage: str) -> None:
    assert outcomes(chain, stage) == {0: ("Succeeded", ""), 3: ("Succeeded", "")}
    assert chain.result(stage)["method"] == "builtin"


def test_each_has_its_own_outputs_values_and_params(chain: Chain, given: Chain) -> None:
    for name in ("overlay/composed.png", "iou_eval/iou_eval.json"):
        stage, _, file = name.partition("/")
        alone = given.file(stage, file).read_bytes()
        assert chain.file(stage, f"items/0/{file}").read_bytes() == alone
        assert chain.file(stage, f"items/3/{file}").read_bytes() != alone
    values = json.loads(chain.file("ocr_eval", "items/3/values.json").read_text())
    assert values["read"].startswith("Run all night")
    assert values["method"] == "builtin"
    assert json.loads(chain.file("vlm_judge", "items/0/values.json").read_text()) == given.values(
        "vlm_judge"
    )


def test_a_param_that_all_lack_is_named_once(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {}, method="no_such_method")
    chain.batch = batch_of(tmp_path, *[{"id": str(n), "uri": str(SNEAKER)} for n in range(2)])
    assert chain.run("img_gen") == 2
    mark = chain.mark("img_gen")
    assert (mark["reason"], mark["message"]) == (
        "AllItemsRefused",
        "all 2 items were refused: EmptyPrompt",
    )
