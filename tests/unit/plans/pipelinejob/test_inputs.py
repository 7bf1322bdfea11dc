"""What a stage is given at its turn."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stagework.api.base import Metadata
from stagework.api.stage_status import Commit, StageStatus
from stagework.plans.pipelinejob.inputs import inputs_document, outcome_annotations
from tests.support.builders import GPU, MACBOOK, make_status

RUN = Metadata(namespace="ads", uid="u")
FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _committed(name: str, state: str = "Succeeded", **commit: Any) -> StageStatus:
    return make_status(name, state, commit={"attempt": 1, "pod": "p", **commit})


def test_every_committed_stage_above_is_named() -> None:
    states = {n: _committed(n) for n in "abc"} | {"d": make_status("d")}

    document = json.loads(inputs_document(RUN, "d", GPU, FORK, states))

    assert document["machine"] == "gpu"
    assert list(document["stages"]) == ["a", "b", "c"]


def test_side_branches_and_skipped_stages_are_not() -> None:
    states = {
        "a": make_status("a", "Failed"),
        "b": _committed("b", "Skipped"),
        "c": _committed("c"),
        "d": make_status("d"),
    }

    assert json.loads(inputs_document(RUN, "d", GPU, FORK, states))["stages"] == {
        "c": "ads/u/c/1-p"
    }
    assert json.loads(inputs_document(RUN, "b", GPU, FORK, states))["stages"] == {}


def test_a_stage_learns_whether_its_machine_may_sleep() -> None:
    states = {"a": make_status("a")}

    assert json.loads(inputs_document(RUN, "a", MACBOOK, {"a": ()}, states))["mayBeAway"] is True
    assert json.loads(inputs_document(RUN, "a", GPU, {"a": ()}, states))["mayBeAway"] is False


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param("others/u/a/1-p", id="another namespace's"),
        pytest.param("ads/another/a/1-p", id="another run's"),
        pytest.param("ads/u/b/1-p", id="another stage's"),
    ],
)
def test_no_place_that_a_status_names_is_given_to_anybody(forged: str) -> None:
    states = {"a": _committed("a", prefix=forged), "b": make_status("b")}

    document = json.loads(inputs_document(RUN, "b", GPU, {"a": (), "b": ("a",)}, states))

    assert document["stages"] == {"a": "ads/u/a/1-p"}


@pytest.mark.parametrize("uid", ["../../others/u/a/1-p", "p/..", "p q"])
def test_a_pods_uid_leads_nowhere_else(uid: str) -> None:
    with pytest.raises(ValidationError):
        Commit(attempt=1, pod=uid)


MIXED = {
    "a": _committed("a"),
    "b": make_status("b", "Failed", reason="TimedOut", message="too long"),
    "c": make_status("c", "Skipped", reason="NoSound"),
    "d": make_status("d"),
}


def test_a_stage_learns_what_has_become_of_all_above_it_and_why() -> None:
    document = json.loads(inputs_document(RUN, "d", GPU, FORK, MIXED))

    assert document["outcomes"] == {
        "a": {"outcome": "Succeeded"},
        "b": {"outcome": "Failed", "reason": "TimedOut"},
        "c": {"outcome": "Skipped", "reason": "NoSound"},
    }
    assert "outcomes" not in json.loads(inputs_document(RUN, "a", GPU, FORK, MIXED))


def test_its_environment_says_the_same_in_words() -> None:
    assert outcome_annotations("d", FORK, MIXED) == {
        "stagework.dev/outcome-so-far": "Failed",
        "stagework.dev/outcomes": "a=Succeeded b=Failed:TimedOut c=Skipped:NoSound",
    }
    assert outcome_annotations("c", FORK, MIXED) == {
        "stagework.dev/outcome-so-far": "Succeeded",
        "stagework.dev/outcomes": "a=Succeeded",
    }, "what failed beside it is not above it"
