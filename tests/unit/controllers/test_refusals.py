"""Refusals are kept by object and action; what they mean is a pure rule."""

import pytest

from stagework.controllers.refusals import Refusals
from stagework.plans.plan import Refusal, creation
from tests.unit.controllers.standins import Clock

FIRST, SECOND = creation("draw", 1), creation("draw", 2)
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

    assert refusals.known("u1") == {FIRST: OVER_QUOTA, SECOND: INVALID}
    assert refusals.known("u2") == {FIRST: INVALID}
    assert refusals.known("u3") == {}
    assert refusals.pause("u3", FIRST) == 0
    assert refusals.next_due("u3") is None
    assert not refusals.done("u3", FIRST)


def test_each_runs_out_in_its_own_time(refusals: Refusals, clock: Clock) -> None:
    refusals.remember("u1", FIRST, OVER_QUOTA)
    refusals.remember("u1", SECOND, INVALID)
    assert refusals.next_due("u1") == refusals.pause("u1", FIRST) == 10

    clock.now += 10
    assert refusals.pause("u1", FIRST) == 0
    assert refusals.known("u1")[FIRST].due
    assert refusals.pause("u1", SECOND) == 3590


def test_what_is_done_is_refused_no_more(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, OVER_QUOTA)

    assert refusals.done("u1", FIRST)
    assert refusals.known("u1") == {}


def test_an_object_that_has_left_memory_is_asked_for_again(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, INVALID)
    refusals.remember("u2", FIRST, INVALID)
    refusals.forget("u1")
    refusals.forget("never known")

    assert refusals.known("u1") == {}
    assert refusals.known("u2") == {FIRST: INVALID}


def test_a_new_leader_believes_nothing(refusals: Refusals) -> None:
    refusals.remember("u1", FIRST, INVALID)
    refusals.forget_all()

    assert refusals.known("u1") == {}
