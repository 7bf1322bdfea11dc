"""A preview says what a request would change, and how the run would end: as it then does."""

from typing import Any

import pytest

from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.interventions import Preview, preview
from tests.support.builders import make_intervention, make_status

BELOW = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}
"""`d` stands beside `b` and `c`."""
FAILED = [
    make_status("a", "Succeeded", commit={"attempt": 1}),
    make_status("b", "Failed", attempt=2, failures=2, reason="NonZeroExit"),
    make_status("c", "NotRun", reason="UpstreamFailed"),
    make_status("d", "Succeeded", commit={"attempt": 1}),
]
RUNS = [
    make_status("a", "Succeeded", commit={"attempt": 1}),
    make_status("b", "Running", pod="p"),
    make_status("c", "Waiting"),
    make_status("d", "Running", pod="q"),
]


def _preview(states: list[StageStatus], verb: str, *stages: str, **more: Any) -> Preview:
    spec = make_intervention(verb, *stages, **more).spec
    return preview(spec, {stage.name: stage for stage in states}, BELOW)


CASES: dict[str, tuple[Preview, Preview]] = {
    "a retry of what failed": (
        _preview(FAILED, "Retry", "b"),
        Preview(("b",), ("c",), (), end="Completed"),
    ),
    "a skip of what failed": (
        _preview(FAILED, "Skip", "b"),
        Preview(("b",), (), (), still_not_run=("c",), end="CompletedWithSkips"),
    ),
    "a skip that lets run what is below": (
        _preview(FAILED, "Skip", "b", descendants="Run"),
        Preview(("b",), ("c",), (), end="CompletedWithSkips"),
    ),
    "a skip of what runs": (
        _preview(RUNS, "Skip", "b"),
        Preview(("b",), (), (), not_run=("c",), end="CompletedWithSkips"),
    ),
    "a retry of what is done, while another has failed": (
        _preview(FAILED, "Retry", "d"),
        Preview(("d",), (), (), still_not_run=("c",), end="StageFailed"),
    ),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_a_preview(found: Preview, expected: Preview) -> None:
    assert found == expected


def test_what_is_refused_changes_nothing_and_says_no_end() -> None:
    effect = _preview(RUNS, "Retry", "b")

    assert (effect.affected, effect.not_run, effect.end) == ((), (), "")
    assert [refusal.reason for refusal in effect.refused] == ["StillActive"]
