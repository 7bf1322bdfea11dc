"""What a request would change, and what is refused. The same code answers `--dry-run`."""

from typing import Any

import pytest

from stagework.api.intervention import InterventionSpec, RefusedStage
from stagework.api.judgement import Judgement
from stagework.api.stage_status import StageStatus
from stagework.policies.interventions import judge, judge_whole, resets, stopped_stages
from stagework.policies.stage_order import descendants
from tests.support.builders import T0, make_intervention, make_status

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def _asked(
    verb: str, *stages: str, status: dict[str, Any], **spec: Any
) -> tuple[InterventionSpec, dict[str, StageStatus]]:
    states = {
        name: make_status(name, state) if isinstance(state, str) else state
        for name, state in status.items()
    }
    return make_intervention(verb, *stages, **spec).spec, states


def _judge(verb: str, *stages: str, status: dict[str, Any], **spec: Any) -> Judgement:
    return judge(*_asked(verb, *stages, status=status, **spec))


def _effect(
    verb: str, *stages: str, status: dict[str, Any], **spec: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is retried or skipped, and what waits again below it."""
    request, states = _asked(verb, *stages, status=status, **spec)
    affected = judge(request, states).affected
    below = [states[name] for name in descendants(affected, FORK)]
    return affected, resets(request, below)


OVER = {"a": "Succeeded", "b": "Failed", "c": "Succeeded", "d": "NotRun"}


def test_a_retry_resets_what_depends_on_it_and_leaves_side_branches_alone() -> None:
    assert _effect("Retry", "b", status=OVER) == (("b",), ("d",))


def test_a_retry_without_stages_takes_every_failed_one() -> None:
    both = {**OVER, "c": "Failed"}

    assert _effect("Retry", status=both) == (("b", "c"), ("d",))


def test_a_retry_of_a_stage_that_succeeded_resets_everything_below() -> None:
    done = dict.fromkeys("abcd", "Succeeded")

    assert _effect("Retry", "a", status=done) == (("a",), ("b", "c", "d"))


def test_a_stage_that_is_retried_itself_is_not_reset_as_well() -> None:
    done = dict.fromkeys("abcd", "Succeeded")

    assert _effect("Retry", "d", "a", "d", status=done) == (("d", "a"), ("b", "c"))


def test_running_descendants_are_reset_and_untouched_ones_are_left() -> None:
    status = {"a": "Succeeded", "b": "Running", "c": "Succeeded", "d": "Waiting"}

    assert _effect("Retry", "a", status=status) == (("a",), ("b", "c"))


def _back_off(reason: str, **changes: Any) -> StageStatus:
    fields: dict[str, Any] = {"attempt": 2, "reason": reason, "notBeforeTime": T0, **changes}
    return make_status("b", "Waiting", **fields)


@pytest.mark.parametrize("reason", ["BackOff", "EndpointUnavailable", "Suspended"])
def test_what_only_waits_for_its_next_attempt_can_be_retried(reason: str) -> None:
    assert _effect("Retry", "b", status={**OVER, "b": _back_off(reason)})[0] == ("b",)


@pytest.mark.parametrize(
    ("verb", "stage", "state", "reason"),
    [
        ("Retry", "b", make_status("b", "Running"), "StillActive"),
        ("Retry", "b", make_status("b", "Starting"), "StillActive"),
        ("Retry", "b", make_status("b", "Waiting", attempt=2, failures=1), "StillActive"),
        ("Retry", "b", make_status("b", "Waiting", attempt=2), "StillActive"),
        ("Retry", "b", _back_off("NoFreeSlot"), "StillActive"),
        (
            "Retry",
            "b",
            make_status("b", "Running", notBeforeTime=T0, reason="BackOff"),
            "StillActive",
        ),
        ("Retry", "b", _back_off("Suspended", notBeforeTime=None), "StillActive"),
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
    judgement = _judge(verb, stage, status={**OVER, "b": state})

    assert judgement == Judgement(refused=(RefusedStage(stage=stage, reason=reason),))
    assert judgement.requested == 1


STOP_VERDICT = {"reason": "StoppedByPerson", "message": "ops"}


def _stopped(name: str, state: str = "NotRun") -> StageStatus:
    return make_status(name, state, reason="StoppedByPerson", message="ops")


def test_a_stop_concerns_all_that_has_not_ended_whatever_it_waits_for() -> None:
    status = {"a": "Succeeded", "b": "Running", "c": "Waiting", "d": "Stuck"}

    assert _effect("Stop", status=status) == (("b", "c", "d"), ())


def test_a_second_stop_finds_nothing_to_end() -> None:
    being_ended = make_status("b", "Running", stopping=STOP_VERDICT)
    status = {"a": "Succeeded", "b": being_ended, "c": _stopped("c"), "d": "Failed"}

    assert _judge("Stop", status=status).refused == (RefusedStage(stage="", reason="AlreadyEnded"),)


def test_a_stop_takes_over_what_is_being_ended_for_another_reason() -> None:
    late = make_status("b", "Running", stopping={"reason": "TimedOut", "message": "too long"})

    assert _effect("Stop", status={**OVER, "b": late})[0] == ("b",)


def test_a_retry_of_a_stopped_run_names_what_was_at_work_and_all_the_rest_goes_on() -> None:
    status = {
        "a": "Succeeded",
        "b": _stopped("b", "Failed"),
        "c": _stopped("c"),
        "d": _stopped("d"),
    }
    request, states = _asked("Retry", status=status)

    assert judge(request, states).affected == ("b",)
    assert stopped_stages(request, states) == ("b", "c", "d")


def test_a_retry_of_a_run_that_was_stopped_while_it_waited_names_all_that_waits_again() -> None:
    status = {"a": "Succeeded", "b": _stopped("b"), "c": _stopped("c"), "d": _stopped("d")}

    assert _judge("Retry", status=status).affected == ("b", "c", "d")


def test_what_is_still_being_ended_can_be_retried_at_once() -> None:
    being_ended = make_status("b", "Running", stopping=STOP_VERDICT)

    assert _judge("Retry", "b", status={**OVER, "b": being_ended}).affected == ("b",)


@pytest.mark.parametrize("verb", ["Skip", "Stop", "Approve"])
def test_nothing_but_a_retry_takes_a_stop_back(verb: str) -> None:
    request, states = _asked(verb, "b", status={**OVER, "b": _stopped("b")})

    assert stopped_stages(request, states) == ()


def _unapproved(name: str) -> StageStatus:
    return make_status(name, "Waiting", reason="AwaitingApproval")


def test_an_approval_without_stages_is_for_all_that_wait_for_one() -> None:
    status = {"a": "Succeeded", "b": _unapproved("b"), "c": _unapproved("c"), "d": "Waiting"}

    assert _effect("Approve", status=status) == (("b", "c"), ())


@pytest.mark.parametrize("state", ["Waiting", "Running", "Succeeded", "NotRun"])
def test_what_does_not_wait_for_approval_cannot_be_approved_in_advance(state: str) -> None:
    refused = RefusedStage(stage="b", reason="NotAwaitingApproval")

    assert _judge("Approve", "b", status={**OVER, "b": state}).refused == (refused,)
    assert _judge("Approve", status={**OVER, "b": state}).refused == (
        RefusedStage(stage="", reason="NothingToApprove"),
    )


def test_a_retry_further_up_takes_back_what_was_approved_and_has_not_begun() -> None:
    approved = make_status("b", "Waiting", approval={"by": "ops", "at": T0})
    status = {"a": "Succeeded", "b": approved, "c": "Waiting", "d": "Waiting"}

    assert _effect("Retry", "a", status=status) == (("a",), ("b",))


@pytest.mark.parametrize(
    "stage",
    [
        make_status("b", "NotRun", reason="NotNeeded"),
        make_status("b", "Skipped", reason="ItWasTails", skip={"stage": "a"}),
    ],
    ids=["nothing failed", "left out"],
)
def test_what_nobody_needs_is_neither_retried_nor_skipped_by_itself(stage: StageStatus) -> None:
    assert _judge("Retry", "b", status={**OVER, "b": stage}).refused == (
        RefusedStage(stage="b", reason="NotNeeded"),
    )
    assert _judge("Skip", "b", status={**OVER, "b": stage}).refused == (
        RefusedStage(stage="b", reason="AlreadyDone"),
    )


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
        RefusedStage(stage="b", reason="StaleAttempt"),
    )


def test_one_refusal_never_takes_the_others_down() -> None:
    judgement = _judge("Retry", "b", "x", "d", status=OVER)

    assert judgement.affected == ("b",)
    assert [(refusal.stage, refusal.reason) for refusal in judgement.refused] == [
        ("x", "UnknownStage"),
        ("d", "WaitsForOthers"),
    ]
    assert judgement.requested == 3
    _, waits_again = _effect("Retry", "b", "x", "d", status=OVER)
    assert waits_again == ("d",), "refused for itself, but it waits again for b"


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
    judgement = _judge(verb, status=status)

    assert judgement == Judgement(refused=(RefusedStage(stage="", reason=reason),))
    assert judgement.requested == 0


@pytest.mark.parametrize(
    ("verb", "ended", "stopped", "expected"),
    [
        ("Stop", False, False, ("the run",)),
        ("Stop", True, False, "AlreadyEnded"),
        ("Stop", True, True, "AlreadyEnded"),
        ("Retry", True, True, ("the run",)),
        ("Retry", False, False, "NotStarted"),
        ("Retry", True, False, "NotStarted"),
        ("Skip", False, False, "NotStarted"),
        ("Approve", True, True, "NotStarted"),
    ],
)
def test_a_run_without_stages_may_be_stopped_and_that_may_be_taken_back(
    verb: str, expected: tuple[str, ...] | str, *, ended: bool, stopped: bool
) -> None:
    spec = make_intervention(verb).spec

    judgement = judge_whole(spec, ended=ended, stopped=stopped)

    assert (judgement.affected or judgement.refused[0].reason) == expected


def test_what_waits_for_its_second_attempt_below_begins_anew_too() -> None:
    status = {**OVER, "d": make_status("d", "Waiting", attempt=2)}

    assert _effect("Retry", "b", status=status) == (("b",), ("d",))


def test_a_skip_leaves_what_depends_on_it_to_the_order_of_stages() -> None:
    assert _effect("Skip", "b", status=OVER) == (("b",), ())


def test_a_skip_may_ask_for_its_descendants_to_run_all_the_same() -> None:
    status = {**OVER, "c": "Running"}

    effect = _effect("Skip", "b", status=status, descendants="Run")

    assert effect == (("b",), ("d",))
