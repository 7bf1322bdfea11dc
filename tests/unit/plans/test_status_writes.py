"""Statuses that can wait are written seldom while much is going on."""

import pytest

from stagework.plans.status_writes import LONGEST_MERGE_SECONDS, MERGE_SECONDS, merge_seconds


@pytest.mark.parametrize("at_work", [0, 1, 2])
def test_with_few_stages_at_work_a_status_waits_a_second(at_work: int) -> None:
    assert merge_seconds(at_work, 0) == MERGE_SECONDS


def test_it_waits_longer_in_proportion_to_the_stages_at_work_up_to_a_limit() -> None:
    waits = [merge_seconds(at_work, 0) for at_work in (4, 10, 20, 10_000)]

    assert waits == [2, 5, 10, LONGEST_MERGE_SECONDS]


def test_runs_that_wait_for_a_worker_are_not_held_up_by_statuses() -> None:
    assert merge_seconds(10_000, 30) == LONGEST_MERGE_SECONDS + 60


def test_a_long_line_alone_delays_no_status() -> None:
    assert merge_seconds(1, 30) == MERGE_SECONDS
