"""What has changed between two statuses is told once, as facts; urgency is read from them."""

from typing import Any, Literal

import pytest

from stagework.api.answered import Answered
from stagework.api.conditions import Condition, conditions_for
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.transitions import (
    AttemptEnded,
    RunEnded,
    StageAdded,
    StageEnded,
    StageNotRun,
    StageStarted,
    VerdictRecorded,
    events_of,
    transitions,
    urgent,
)
from stagework.plans.plan import Event, Fact
from stagework.plans.transitions import RequestsNoted, SpecSeen, SummaryChanged
from tests.support.builders import T0, after, make_run, make_status

RUNS: dict[str, Any] = {"machine": "gpu", "node": "gpu-0", "pod": "p1", "startTime": T0}


def _status(*stages: StageStatus, **fields: Any) -> PipelineJobStatus:
    return PipelineJobStatus(stages=list(stages), **fields)


STAGE_CASES: dict[str, tuple[StageStatus, StageStatus, list[Fact], bool]] = {
    "nothing": (make_status(), make_status(), [], False),
    "another cause of waiting": (
        make_status(reason="Queued"),
        make_status(reason="NoFreeSlot"),
        [],
        False,
    ),
    "its turn": (make_status(), make_status(state="Starting"), [], False),
    "its container runs": (
        make_status(state="Starting", **RUNS),
        make_status(state="Running", **RUNS),
        [StageStarted("img_gen", 1, "gpu", "gpu-0")],
        False,
    ),
    "its end": (
        make_status(state="Running", **RUNS),
        make_status(state="Succeeded", machine="gpu", startTime=T0, completionTime=after(7)),
        [StageEnded("img_gen", 1, "Succeeded", "gpu", 7.0)],
        True,
    ),
    "an end before its start, by a node's clock": (
        make_status(state="Running", **RUNS),
        make_status(state="Failed", machine="gpu", startTime=T0, completionTime=after(-1)),
        [StageEnded("img_gen", 1, "Failed", "gpu", 0.0)],
        True,
    ),
    "a skip of what has not run": (
        make_status(),
        make_status(state="Skipped", completionTime=T0),
        [StageEnded("img_gen", 1, "Skipped", "", None)],
        True,
    ),
    "an end with its run, which a person has stopped": (
        make_status(state="Running", **RUNS),
        make_status(
            state="Failed",
            reason="StoppedByPerson",
            machine="gpu",
            startTime=T0,
            completionTime=after(7),
        ),
        [StageEnded("img_gen", 1, "Stopped", "gpu", 7.0)],
        True,
    ),
    "an end with its run, whose deadline was over": (
        make_status(state="Running", **RUNS),
        make_status(state="Failed", reason="DeadlineExceeded"),
        [StageEnded("img_gen", 1, "Stopped", "", None)],
        True,
    ),
    "an end by its own deadline": (
        make_status(state="Running", **RUNS),
        make_status(state="Failed", reason="TimedOut"),
        [StageEnded("img_gen", 1, "Failed", "", None)],
        True,
    ),
    "it is given up": (
        make_status(),
        make_status(state="NotRun", reason="UpstreamFailed"),
        [StageNotRun("img_gen", "UpstreamFailed")],
        True,
    ),
    "it is not given up any more": (
        make_status(state="NotRun", reason="UpstreamFailed"),
        make_status(),
        [],
        False,
    ),
    "another attempt after one that had its turn": (
        make_status(state="Running", **RUNS),
        make_status(attempt=2, reason="BackOff"),
        [AttemptEnded("img_gen", 1, "BackOff", begun=True)],
        True,
    ),
    "another attempt after one that never had its turn": (
        make_status(state="NotRun"),
        make_status(attempt=2),
        [AttemptEnded("img_gen", 1, "Retried", begun=False)],
        True,
    ),
    "a verdict": (
        make_status(state="Running", **RUNS),
        make_status(state="Running", stopping={"reason": "TimedOut"}, **RUNS),
        [VerdictRecorded("img_gen", "TimedOut")],
        True,
    ),
}


@pytest.mark.parametrize(
    ("before", "then", "facts", "at_once"), STAGE_CASES.values(), ids=STAGE_CASES
)
def test_what_became_of_a_stage(
    before: StageStatus, then: StageStatus, facts: list[Fact], *, at_once: bool
) -> None:
    changed = transitions(_status(before), _status(then))

    assert changed == facts
    assert urgent(changed) is at_once


def test_a_stage_that_nothing_was_said_of_before() -> None:
    facts = transitions(_status(), _status(make_status(state="Running", **RUNS)))

    assert facts == [StageStarted("img_gen", 1, "gpu", "gpu-0"), StageAdded("img_gen")]
    assert urgent(facts)


@pytest.mark.parametrize(
    ("before", "then", "at_once"),
    [
        ("Queued", "Running", False),
        ("Running", "Waiting", False),
        ("", "Queued", True),
        ("Running", "Suspended", True),
        ("Suspended", "Running", True),
    ],
)
def test_a_run_goes_to_and_fro_while_it_works(before: str, then: str, *, at_once: bool) -> None:
    facts = transitions(_status(summary=before), _status(summary=then))

    assert facts == [SummaryChanged(before, then)]
    assert urgent(facts) is at_once


def _over(succeeded: Literal["True", "False"], summary: str) -> list[Condition]:
    """The conditions of a run that has ended."""
    return conditions_for([], 1, succeeded=succeeded, reason=summary, message="", now=T0)


def test_the_end_of_a_run_says_what_is_done_and_what_failed() -> None:
    before = [make_status("a", "Succeeded"), make_status("b", "Failed")]
    over = _over("False", "StageFailed")

    facts = transitions(
        _status(*before, summary="Running"),
        _status(*before, summary="StageFailed", message="b failed", conditions=over),
    )

    assert facts == [
        SummaryChanged("Running", "StageFailed"),
        RunEnded("StageFailed", done=1, stages=2, failed=("b",), message="b failed"),
    ]
    assert urgent(facts)


def test_a_run_that_is_refused_has_ended_with_one_event() -> None:
    refused = _status(
        summary="InvalidSpec", message="bad", conditions=_over("False", "InvalidSpec")
    )

    facts = transitions(_status(), refused)

    assert facts == [
        SummaryChanged("", "InvalidSpec"),
        RunEnded("InvalidSpec", done=0, stages=0, failed=(), message="bad"),
    ]
    assert [*events_of(facts, make_run(), refused)] == [Event("InvalidSpec", "bad", "Warning")]
    assert transitions(refused, refused.evolve(observedGeneration=1)) == [SpecSeen(1)]


def test_a_failed_run_whose_last_failure_is_skipped_ends_once_more() -> None:
    failed = _status(summary="StageFailed", conditions=_over("False", "StageFailed"))
    skipped = _status(summary="Completed", conditions=_over("True", "Completed"))

    assert RunEnded("Completed", 0, 0, (), "") in transitions(failed, skipped)


def test_a_new_spec_and_new_notes_are_told_too() -> None:
    facts = transitions(
        _status(observedGeneration=1),
        _status(observedGeneration=2, answered=[Answered(uid="iv-1")]),
    )

    assert facts == [SpecSeen(2), RequestsNoted()]
    assert all(urgent([fact]) for fact in facts)
