"""When may a stage start, when must it wait, and when will it never run?"""

from typing import Literal

import pytest

from stagework.api.pipeline import effective_dependencies
from stagework.api.stage_status import SkipRecord, StageStatus
from stagework.policies.stage_order import (
    Blocked,
    Never,
    NotNeeded,
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


def _left_out(name: str) -> StageStatus:
    return make_status(name, "Skipped", reason="ItWasTails", skip=SkipRecord(stage="a"))


@pytest.mark.parametrize(
    ("above", "verdict"),
    [
        pytest.param(
            {"b": _left_out("b"), "c": "Succeeded"}, Ready(), id="one branch of two was taken"
        ),
        pytest.param(
            {"b": _left_out("b"), "c": "Running"}, Blocked(("c",)), id="the other is still at work"
        ),
        pytest.param(
            {"b": _left_out("b"), "c": _left_out("c")}, NotNeeded("b"), id="nobody needs any of it"
        ),
        pytest.param(
            {"b": _left_out("b"), "c": _not_run("c", "NotNeeded")},
            NotNeeded("b"),
            id="nor where one of them was for a failure",
        ),
        pytest.param(
            {"b": _left_out("b"), "c": "Skipped"}, Ready(), id="one that skipped itself is done"
        ),
        pytest.param(
            {"b": _left_out("b"), "c": _skipped("c", "NotRun")},
            Never("UpstreamSkipped", "c"),
            id="a person's skip wins",
        ),
        pytest.param(
            {"b": _left_out("b"), "c": "Failed"}, Never("UpstreamFailed", "c"), id="a failure wins"
        ),
    ],
)
def test_what_nobody_needs_stands_in_no_way_unless_it_is_all_there_is(
    above: dict[str, str | StageStatus], verdict: Ready | Blocked | Never | NotNeeded
) -> None:
    states = _states(a="Succeeded", d="Waiting", **above)

    assert may_start("d", FORK, states) == verdict


ENDS: list[tuple[str | StageStatus, bool]] = [
    ("Succeeded", False),
    ("Failed", True),
    ("Skipped", False),
    (_skipped("c", "NotRun"), False),
    (_skipped("c", "Run"), False),
    (_left_out("c"), False),
    (_not_run("c", "UpstreamFailed"), True),
    (_not_run("c", "UpstreamSkipped"), False),
    (_not_run("c", "NotNeeded"), False),
]
"""What can become of a stage, and whether that is a failure to those that it concerns."""


@pytest.mark.parametrize(("end", "failed"), ENDS, ids=str)
def test_a_stage_for_the_end_runs_however_what_is_above_it_ended(
    end: str | StageStatus, failed: bool
) -> None:
    states = _states(a="Succeeded", b="Succeeded", c=end, d="Waiting")

    assert may_start("d", FORK, states, "Ended") == Ready()


@pytest.mark.parametrize(("end", "failed"), ENDS, ids=str)
def test_a_stage_for_a_failure_runs_where_one_of_them_failed_and_is_else_not_needed(
    end: str | StageStatus, failed: bool
) -> None:
    states = _states(a="Succeeded", b="Succeeded", c=end, d="Waiting")

    assert may_start("d", FORK, states, "Failed") == (Ready() if failed else NotNeeded())


@pytest.mark.parametrize("rule", ["Ended", "Failed"])
@pytest.mark.parametrize("state", ["Waiting", "Starting", "Stuck", "Running"])
def test_neither_begins_while_anything_above_is_at_work_also_further_up(
    rule: Literal["Ended", "Failed"], state: str
) -> None:
    """b is given up as soon as x has failed, although a goes on."""
    above = {"x": (), "a": (), "b": ("x", "a"), "c": ("b",)}
    states = _states(x="Failed", a=state, b=_not_run("b", "UpstreamFailed"), c="Waiting")

    assert may_start("c", above, states, rule) == Blocked(("a",))


@pytest.mark.parametrize("rule", ["Ended", "Failed"])
def test_a_failure_does_not_hurry_them(rule: Literal["Ended", "Failed"]) -> None:
    states = _states(a="Succeeded", b="Failed", c="Running", d="Waiting")

    assert may_start("d", FORK, states, rule) == Blocked(("c",))


def test_a_failure_further_up_that_somebody_has_dealt_with_is_none_for_those_below_that() -> None:
    above = {"a": (), "clean": ("a",), "tell": ("clean",)}
    states = _states(a="Failed", clean="Succeeded", tell="Waiting")

    assert may_start("tell", above, states, "Failed") == NotNeeded()
    assert may_start("tell", above, states) == Ready()


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


def test_stages_for_the_end_or_a_failure_stand_beside_the_line_and_wait_for_all_above() -> None:
    stages = [
        make_stage("a"),
        make_stage("b"),
        make_stage("tell", runsIf="Failed"),
        make_stage("c"),
        make_stage("clean", runsIf="Ended"),
        make_stage("after_clean", dependsOn=["clean"]),
        make_stage("d"),
    ]

    assert effective_dependencies(stages) == {
        "a": (),
        "b": ("a",),
        "tell": ("a", "b"),
        "c": ("b",),
        "clean": ("a", "b", "tell", "c"),
        "after_clean": ("clean",),
        "d": ("after_clean",),
    }
