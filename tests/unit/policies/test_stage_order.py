"""When may a stage start, when must it wait, and when will it never run?"""

import pytest

from stagework.api.pipeline import effective_dependencies
from stagework.api.stage_status import SkipRecord, StageStatus
from stagework.policies.stage_order import (
    Blocked,
    Never,
    Ready,
    ancestors,
    descendants,
    may_start,
)
from tests.support.builders import make_stage, make_status

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _states(**states: str | StageStatus) -> dict[str, StageStatus]:
    return {
        name: make_status(name, state) if isinstance(state, str) else state
        for name, state in states.items()
    }


def _skipped(name: str, descendants: str) -> StageStatus:
    record = SkipRecord.model_validate({"by": "ops", "descendants": descendants})
    return make_status(name, "Skipped", skip=record)


def _not_run(name: str, reason: str) -> StageStatus:
    return make_status(name, "NotRun", reason=reason)


@pytest.mark.parametrize(
    ("above", "verdict"),
    [
        pytest.param({"b": "Succeeded", "c": "Succeeded"}, Ready(), id="all above are done"),
        pytest.param({"b": "Running", "c": "Succeeded"}, Blocked(("b",)), id="one still runs"),
        pytest.param({"b": "Waiting", "c": "Starting"}, Blocked(("b", "c")), id="both are pending"),
        pytest.param({"b": "Skipped", "c": "Succeeded"}, Ready(), id="one skipped itself"),
        pytest.param(
            {"b": "Running", "c": "Failed"},
            Never("UpstreamFailed", "c"),
            id="a failure decides although another still runs",
        ),
        pytest.param(
            {"b": _skipped("b", "NotRun"), "c": "Running"},
            Never("UpstreamSkipped", "b"),
            id="a person's skip stops what depends on it",
        ),
        pytest.param(
            {"b": _skipped("b", "Run"), "c": "Succeeded"},
            Ready(),
            id="a person's skip with descendants: Run counts as done",
        ),
        pytest.param(
            {"b": _skipped("b", "NotRun"), "c": "Failed"},
            Never("UpstreamFailed", "c"),
            id="a failure wins over a skip, whatever comes first",
        ),
        pytest.param(
            {"b": _not_run("b", "UpstreamFailed"), "c": _skipped("c", "NotRun")},
            Never("UpstreamFailed", "b"),
            id="a failure further up reaches down",
        ),
        pytest.param(
            {"b": _not_run("b", "UpstreamSkipped"), "c": "Succeeded"},
            Never("UpstreamSkipped", "b"),
            id="a skip further up reaches down",
        ),
    ],
)
def test_a_stage_is_judged_by_what_is_directly_above(
    above: dict[str, str | StageStatus], verdict: Ready | Blocked | Never
) -> None:
    states = _states(a="Succeeded", d="Waiting", **above)

    assert may_start("d", FORK, states) == verdict


def test_a_stage_with_nothing_above_is_ready() -> None:
    assert may_start("a", FORK, _states(a="Waiting")) == Ready()


def test_descendants_come_in_the_order_of_the_pipeline_without_the_roots() -> None:
    assert descendants(["a"], FORK) == ("b", "c", "d")
    assert descendants(["c"], FORK) == ("d",)
    assert descendants(["d"], FORK) == ()


def test_ancestors_are_found_through_every_branch() -> None:
    assert ancestors("d", FORK) == ("a", "b", "c")
    assert ancestors("b", FORK) == ("a",)
    assert ancestors("a", FORK) == ()


def test_a_stage_depends_on_the_one_above_it_unless_it_says_otherwise() -> None:
    stages = [make_stage("a"), make_stage("b"), make_stage("c", dependsOn=[]), make_stage("d")]

    assert effective_dependencies(stages) == {"a": (), "b": ("a",), "c": (), "d": ("c",)}
