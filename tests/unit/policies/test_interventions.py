"""What a Retry or Skip would change, and what is refused. The same code answers `--dry-run`."""

from typing import Any

import pytest

from stagework.api.intervention import Refusal
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.policies.interventions import Judgement, judge
from tests.support.builders import make_intervention, make_status

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _judge(verb: str, *stages: str, status: dict[str, Any], **spec: Any) -> Judgement:
    found = [
        each if not isinstance(each, str) else make_status(name, each)
        for name, each in status.items()
    ]
    request = make_intervention(verb, *stages, **spec)
    return judge(request.spec, PipelineJobStatus(stages=found), FORK)


OVER = {"a": "Succeeded", "b": "Failed", "c": "Succeeded", "d": "NotRun"}


def test_a_retry_resets_what_depends_on_it_and_leaves_side_branches_alone() -> None:
    assert _judge("Retry", "b", status=OVER) == Judgement(("b",), ("d",))


def test_a_retry_without_stages_takes_every_failed_one() -> None:
    both = {**OVER, "c": "Failed"}

    assert _judge("Retry", status=both) == Judgement(("b", "c"), ("d",))


def test_a_retry_of_a_stage_that_succeeded_resets_everything_below() -> None:
    done = dict.fromkeys("abcd", "Succeeded")

    assert _judge("Retry", "a", status=done) == Judgement(("a",), ("b", "c", "d"))


def test_a_stage_that_is_retried_itself_is_not_reset_as_well() -> None:
    done = dict.fromkeys("abcd", "Succeeded")

    assert _judge("Retry", "d", "a", "d", status=done) == Judgement(("d", "a"), ("b", "c"))


def test_running_descendants_are_reset_and_untouched_ones_are_left() -> None:
    status = {"a": "Succeeded", "b": "Running", "c": "Succeeded", "d": "Waiting"}

    assert _judge("Retry", "a", status=status) == Judgement(("a",), ("b", "c"))


@pytest.mark.parametrize(
    ("verb", "stage", "state", "reason"),
    [
        ("Retry", "b", make_status("b", "Running"), "StillActive"),
        ("Retry", "b", make_status("b", "Starting"), "StillActive"),
        ("Retry", "b", make_status("b", "Waiting", attempt=2, failures=1), "StillActive"),
        ("Retry", "b", make_status("b", "Waiting"), "WaitsForOthers"),
        ("Retry", "b", make_status("b", "NotRun"), "WaitsForOthers"),
        ("Retry", "x", make_status("b", "Failed"), "UnknownStage"),
        ("Skip", "b", make_status("b", "Succeeded"), "AlreadyDone"),
        ("Skip", "b", make_status("b", "Skipped"), "AlreadyDone"),
        ("Skip", "x", make_status("b", "Failed"), "UnknownStage"),
    ],
    ids=lambda value: getattr(value, "state", value),
)
def test_a_refusal_has_a_reason(verb: str, stage: str, state: Any, reason: str) -> None:
    found = _judge(verb, stage, status={**OVER, "b": state})

    assert found == Judgement(refused=(Refusal(stage=stage, reason=reason),))
    assert found.requested == 1


@pytest.mark.parametrize("state", ["Waiting", "Starting", "Running", "Failed", "NotRun"])
def test_whatever_is_not_done_can_be_skipped(state: str) -> None:
    assert _judge("Skip", "b", status={**OVER, "b": state}).affected == ("b",)


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Skipped"])
def test_whatever_was_tried_can_be_retried(state: str) -> None:
    assert _judge("Retry", "b", status={**OVER, "b": state}).affected == ("b",)


@pytest.mark.parametrize("verb", ["Retry", "Skip"])
def test_a_double_click_is_harmless(verb: str) -> None:
    """The second one names an attempt that is no longer the current one."""
    status = {**OVER, "b": make_status("b", "Failed", attempt=4)}

    assert _judge(verb, "b", status=status, attempt=4).affected == ("b",)
    assert _judge(verb, "b", status=status, attempt=3).refused == (
        Refusal(stage="b", reason="StaleAttempt"),
    )


def test_one_refusal_never_takes_the_others_down() -> None:
    found = _judge("Retry", "b", "x", "d", status=OVER)

    assert found.affected == ("b",)
    assert [(each.stage, each.reason) for each in found.refused] == [
        ("x", "UnknownStage"),
        ("d", "WaitsForOthers"),
    ]
    assert found.requested == 3
    assert found.resets == ("d",), "refused for itself, but it waits again for b"


@pytest.mark.parametrize(
    ("verb", "status", "reason"),
    [
        ("Skip", OVER, "NoStageNamed"),
        ("Retry", dict.fromkeys("abcd", "Succeeded"), "NothingFailed"),
        ("Retry", {}, "NotStarted"),
        ("Skip", {}, "NotStarted"),
    ],
)
def test_a_request_may_be_refused_as_a_whole(
    verb: str, status: dict[str, str], reason: str
) -> None:
    found = _judge(verb, status=status)

    assert found == Judgement(refused=(Refusal(stage="", reason=reason),))
    assert found.requested == 0


def test_a_skip_leaves_what_depends_on_it_to_the_order_of_stages() -> None:
    assert _judge("Skip", "b", status=OVER) == Judgement(("b",))


def test_a_skip_may_ask_for_its_descendants_to_run_all_the_same() -> None:
    status = {**OVER, "c": "Running"}

    assert _judge("Skip", "b", status=status, descendants="Run") == Judgement(("b",), ("d",))
