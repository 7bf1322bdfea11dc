"""What a stage is given at its turn."""

import json
from typing import Any

from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.inputs import inputs_document
from tests.support.builders import GPU, MACBOOK, make_status

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _committed(name: str, state: str = "Succeeded", **commit: Any) -> StageStatus:
    return make_status(name, state, commit={"attempt": 1, "prefix": f"ads/u/{name}/1-p", **commit})


def test_every_committed_stage_above_is_named() -> None:
    states = {n: _committed(n) for n in "abc"} | {"d": make_status("d")}

    document = json.loads(inputs_document("d", GPU, FORK, states))

    assert document["machine"] == "gpu"
    assert list(document["stages"]) == ["a", "b", "c"]


def test_side_branches_skipped_stages_and_those_without_artifacts_are_not() -> None:
    states = {
        "a": _committed("a", prefix=""),
        "b": _committed("b", "Skipped"),
        "c": _committed("c"),
        "d": make_status("d"),
    }

    assert json.loads(inputs_document("d", GPU, FORK, states))["stages"] == {"c": "ads/u/c/1-p"}
    assert json.loads(inputs_document("b", GPU, FORK, states))["stages"] == {}


def test_a_stage_learns_whether_its_machine_may_sleep() -> None:
    states = {"a": make_status("a")}

    assert json.loads(inputs_document("a", MACBOOK, {"a": ()}, states))["mayBeAway"] is True
    assert json.loads(inputs_document("a", GPU, {"a": ()}, states))["mayBeAway"] is False
