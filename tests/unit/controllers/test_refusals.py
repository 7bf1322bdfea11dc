"""Refusals are believed by object and purpose, until they have run out."""

import pytest

from stagework.controllers.refusals import Refusals
from stagework.plans.plan import Purpose, Refusal
from stagework.plans.refusals import FINAL_SECONDS, PASSING_SECONDS
from tests.unit.controllers.standins import Clock

FIRST, SECOND = Purpose("draw", 1), Purpose("draw", 2)
OVER_QUOTA = Refusal("OverQuota", "exceeded quota")
INVALID = Refusal("Invalid", "no such image")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(clock: Clock) -> Refusals:
    return Refusals(clock)


def test_each_object_has_its_own(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, OVER_QUOTA)
    refusals.remember("u1", SECOND, INVALID)
    refusals.remember("u2", FIRST, INVALID)

    assert refusals.believed("u1") == {FIRST: OVER_QUOTA, SECOND: INVALID}
    assert refusals.believed("u2") == {FIRST: INVALID}
    assert refusals.believed("u3") == {}


def test_each_runs_out_in_its_own_time(refusals: Refusals, clock: Clock) -> None:
    refusals.remember("u1", FIRST, OVER_QUOTA)
    refusals.remember("u1", SECOND, INVALID)

    clock.now += PASSING_SECONDS
    assert refusals.believed("u1") == {SECOND: INVALID}
    clock.now += FINAL_SECONDS - PASSING_SECONDS
    assert refusals.believed("u1") == {}


def test_a_new_refusal_counts_from_when_it_was_given(refusals: Refusals, clock: Clock) -> None:
    refusals.remember("u1", FIRST, OVER_QUOTA)
    clock.now += PASSING_SECONDS - 1
    refusals.remember("u1", FIRST, OVER_QUOTA)
    clock.now += PASSING_SECONDS - 1

    assert refusals.believed("u1") == {FIRST: OVER_QUOTA}


def test_an_object_that_has_left_memory_is_asked_for_again(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, INVALID)
    refusals.remember("u2", FIRST, INVALID)
    refusals.forget("u1")
    refusals.forget("never known")

    assert refusals.believed("u1") == {}
    assert refusals.believed("u2") == {FIRST: INVALID}


def test_a_new_leader_believes_nothing(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, INVALID)
    refusals.forget_all()

    assert refusals.believed("u1") == {}
