"""Statuses that can wait are written seldom while much is going on."""

from dataclasses import replace

import pytest

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import JOBS, ObjectRef
from stagework.plans.plan import Delete, Plan
from stagework.plans.status_writes import (
    LONGEST_MERGE_SECONDS,
    MERGE_SECONDS,
    NEVER,
    counted_from,
    merge_seconds,
    when_to_write,
)


@pytest.mark.parametrize("at_work", [0, 1, 2])
def test_with_few_stages_at_work_a_status_waits_a_second(at_work: int) -> None:
    assert merge_seconds(at_work, 0) == MERGE_SECONDS


def test_it_waits_longer_in_proportion_to_the_stages_at_work_up_to_a_limit() -> None:
    waits = [merge_seconds(at_work, 0) for at_work in (4, 10, 20, 10_000)]

    assert waits == [2, 5, 10, LONGEST_MERGE_SECONDS]


def test_runs_that_wait_for_a_worker_are_not_held_up_by_statuses() -> None:
    assert merge_seconds(10_000, 30) == LONGEST_MERGE_SECONDS + 60


def test_a_long_queue_alone_delays_no_status() -> None:
    assert merge_seconds(1, 30) == MERGE_SECONDS


def _wait(
    *, written_at: float, urgent: bool = False, patient: bool = False, at_work: int = 0
) -> float:
    """At second 100, on a quiet queue."""
    return when_to_write(
        urgent=urgent,
        patient=patient,
        written_at=counted_from(written_at, at_work=at_work, now_seconds=100),
        at_work=at_work,
        queue_latency_seconds=0,
        now_seconds=100,
    )


@pytest.mark.parametrize(
    ("written_at", "at_work", "seconds"),
    [
        pytest.param(99.25, 0, 0.25, id="so soon after the last one it waits"),
        pytest.param(99, 0, 0, id="a second after the last one it does not"),
        pytest.param(99, 10, 4, id="with ten stages at work the pause is five seconds"),
        pytest.param(NEVER, 2, 0, id="a first one is written at once"),
        pytest.param(NEVER, 3, 1.5, id="but waits for the second where much is going on"),
    ],
)
def test_what_is_not_urgent_waits_for_the_end_of_the_pause(
    written_at: float, at_work: int, seconds: float
) -> None:
    assert _wait(written_at=written_at, at_work=at_work) == seconds


def test_what_would_rather_go_with_another_change_waits_for_the_longest_pause() -> None:
    assert _wait(written_at=99, patient=True) == LONGEST_MERGE_SECONDS - 1
    assert _wait(written_at=100 - LONGEST_MERGE_SECONDS, patient=True) == 0


@pytest.mark.parametrize("written_at", [NEVER, 99.9, 100])
def test_what_is_urgent_never_waits(written_at: float) -> None:
    assert _wait(written_at=written_at, urgent=True, at_work=1000) == 0


def test_a_first_status_waits_once_and_not_again_and_again() -> None:
    begun = counted_from(NEVER, at_work=9, now_seconds=100)

    assert counted_from(begun, at_work=9, now_seconds=104) == begun


def test_a_status_that_actions_wait_for_is_written_at_once() -> None:
    idle: Plan[PipelineJobStatus] = Plan()
    waits: Plan[PipelineJobStatus] = Plan(afterwards=(Delete(ObjectRef(JOBS, "a", "b")),))

    assert not idle.status_is_urgent
    assert waits.status_is_urgent
    assert not replace(waits, patient=True).status_is_urgent, "they do not presuppose it"
