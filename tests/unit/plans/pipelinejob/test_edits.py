"""What each change of a stage's status sets, and what it clears."""

from collections.abc import Callable
from typing import Any

import pytest

from stagework.api.base import COUNT_MAX
from stagework.api.stage_status import Commit, SkipRecord, StageStatus
from stagework.plans.pipelinejob import edits
from tests.support.builders import T0, after, make_status

USED = make_status(
    "a",
    "Running",
    reason="Because",
    message="a sentence",
    attempt=3,
    failures=1,
    interruptions=2,
    deferrals=4,
    remakes=5,
    job="job-a",
    machine="gpu",
    node="gpu-0",
    pod="p1",
    turnTime=T0,
    waitingSince=T0,
    lostTime=T0,
    notBeforeTime=T0,
    startTime=T0,
    completionTime=T0,
    stopping={"reason": "TimedOut"},
    skip={"by": "ops"},
    commit={"attempt": 3, "pod": "p1"},
)
"""A status in which everything is set."""


def _still_set(status: StageStatus) -> set[str]:
    return {name for name, value in status if value and value == getattr(USED, name)}


def test_another_attempt_begins_from_nothing_but_its_counts() -> None:
    then = edits.next_attempt(USED, "BackOff", "attempt 3 failed", after(9))

    assert (then.state, then.attempt, then.notBeforeTime) == ("Waiting", 4, after(9))
    assert _still_set(then) == {"name", "failures", "interruptions", "deferrals", "skip"}


def test_a_persons_retry_renews_the_budget_too() -> None:
    then = edits.renewed(USED, "RetriedByPerson", "ops: again")

    assert then == make_status("a", attempt=4, reason="RetriedByPerson", message="ops: again")


def test_a_committed_stage_keeps_where_and_when_it_ran() -> None:
    won = Commit(attempt=3, pod="p1", prefix="ads/u/a/3-p1")

    then = edits.committed(USED, "Succeeded", "", "", commit=won, at=after(9))

    assert (then.state, then.commit, then.completionTime) == ("Succeeded", won, after(9))
    kept = {"attempt", "failures", "interruptions", "deferrals", "job", "machine", "node"}
    assert _still_set(then) == {"name", "startTime", "skip", *kept}


def test_a_failed_stage_says_why_and_what_it_cost() -> None:
    then = edits.failed(
        USED, "NonZeroExit", "exit\ncode 1", at=after(9), failures=2, interruptions=3
    )

    assert (then.state, then.reason, then.message) == ("Failed", "NonZeroExit", "exit code 1")
    assert (then.failures, then.interruptions, then.completionTime) == (2, 3, after(9))
    assert (then.stopping, then.lostTime, then.pod) == (None, None, "p1")


def test_a_skipped_stage_names_who_has_skipped_it() -> None:
    record = SkipRecord(by="ops", descendants="Run")

    then = edits.skipped(USED, "ops: not needed", after(9), record)

    assert (then.state, then.reason, then.skip) == ("Skipped", "SkippedByPerson", record)
    assert then.stopping is None


def test_the_time_of_a_turn_is_that_of_the_first_grant() -> None:
    first = edits.granted(make_status("a"), "gpu", after(1))
    again = edits.granted(first, "macmini", after(5))

    assert (again.state, again.machine, again.turnTime) == ("Starting", "macmini", after(1))


def test_a_stage_that_waits_gives_its_turn_back() -> None:
    then = edits.waiting(USED, "Suspended", "the run is\nsuspended")

    assert (then.state, then.reason, then.message) == (
        "Waiting",
        "Suspended",
        "the run is suspended",
    )
    assert (then.machine, then.turnTime, then.waitingSince) == ("", None, None)


def test_what_changes_nothing_gives_the_very_status_back() -> None:
    """So that stages that stand still cost no copy, and are seen not to have changed."""
    place = "position 1 of 2 for gpu"
    waits = make_status("a", reason="NoFreeSlot", message=place, pod="p1")

    assert edits.waiting(waits, "NoFreeSlot", place) is waits
    assert edits.question_dropped(waits) is waits


OTHER_JOBS: dict[str, Callable[[StageStatus], StageStatus]] = {
    "recreated": edits.recreated,
    "never ran": edits.never_ran,
    "gate removed": edits.stray_ended,
    "refused": lambda status: edits.job_refused(status, "QuotaExceeded", "no"),
    "asked for": lambda status: edits.job_asked_for(status, "job-9"),
    "next attempt": lambda status: edits.next_attempt(status, "BackOff", "", None),
}


@pytest.mark.parametrize("edit", OTHER_JOBS.values(), ids=OTHER_JOBS)
def test_no_other_job_inherits_a_record(
    edit: Callable[[StageStatus], StageStatus],
) -> None:
    assert edit(make_status("a", job="job-8", jobUid="u-8")).jobUid == ""


def test_a_recreated_job_has_another_number() -> None:
    then = edits.recreated(USED)

    assert (then.remakes, then.job, then.attempt) == (6, "", 3)


def test_after_the_highest_number_no_attempt_follows() -> None:
    last = USED.evolve(attempt=COUNT_MAX)

    for then in (
        edits.next_attempt(last, "BackOff", "failed", after(9)),
        edits.renewed(last, "RetriedByPerson", "ops: again"),
    ):
        assert (then.state, then.reason) == ("Failed", "TooManyAttempts")
        assert then.attempt == COUNT_MAX
        assert StageStatus.model_validate(then.model_dump()) == then


@pytest.mark.parametrize(("count", "then"), [(0, 1), (COUNT_MAX - 1, COUNT_MAX), (COUNT_MAX,) * 2])
def test_a_count_stays_within_what_a_status_may_hold(count: int, then: int) -> None:
    assert edits.next_count(count) == then
    assert edits.recreated(make_status(remakes=count)).remakes == then


@pytest.mark.parametrize(
    ("before", "state", "verdict"),
    [
        pytest.param({"state": "Running"}, "Running", "StoppedByPerson", id="at work"),
        pytest.param({"state": "Starting"}, "Starting", "StoppedByPerson", id="starting"),
        pytest.param({"state": "Waiting"}, "NotRun", "", id="waiting"),
        pytest.param({"state": "Succeeded"}, "Succeeded", "", id="done"),
        pytest.param({"state": "NotRun", "reason": "UpstreamFailed"}, "NotRun", "", id="given up"),
        pytest.param(
            {"state": "Running", "stopping": {"reason": "TimedOut"}},
            "Running",
            "StoppedByPerson",
            id="a timeout, which would be tried again",
        ),
        pytest.param(
            {"state": "Running", "stopping": {"reason": "RetriedByPerson"}},
            "Running",
            "StoppedByPerson",
            id="a retry, which would be another attempt",
        ),
        pytest.param(
            {"state": "Running", "stopping": {"reason": "SkippedByPerson"}},
            "Running",
            "SkippedByPerson",
            id="a person's skip",
        ),
        pytest.param(
            {"state": "Running", "stopping": {"reason": "DeadlineExceeded"}},
            "Running",
            "DeadlineExceeded",
            id="the end of its run, for another reason",
        ),
    ],
)
def test_nothing_of_a_run_that_is_ended_goes_on(
    before: dict[str, Any], state: str, verdict: str
) -> None:
    status = make_status("a", **before)

    then = edits.ended_with_its_run(status, "StoppedByPerson", "ops: enough")

    assert then.state == state
    assert (then.stopping.reason if then.stopping is not None else "") == verdict
    assert edits.ended_with_its_run(then, "StoppedByPerson", "ops: again") == then
