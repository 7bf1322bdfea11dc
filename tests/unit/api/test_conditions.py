"""Conditions keep their transition times."""

from datetime import datetime

from stagework.api.conditions import Condition, Status, find, renew
from tests.support.builders import T0, after


def _condition(
    kind: str, status: Status, reason: str = "Because", moment: datetime = T0
) -> Condition:
    return Condition(type=kind, status=status, reason=reason, lastTransitionTime=moment)


def test_the_time_stays_while_the_status_does_although_the_reason_changes() -> None:
    before = [_condition("Succeeded", "Unknown", "Queued", T0)]
    wanted = [_condition("Succeeded", "Unknown", "Running", after(60))]

    (renewed,) = renew(before, wanted, after(60))

    assert renewed.lastTransitionTime == T0
    assert renewed.reason == "Running"


def test_a_new_status_has_the_time_of_now() -> None:
    before = [_condition("Succeeded", "Unknown", "Running", T0)]
    wanted = [_condition("Succeeded", "True", "Completed", T0)]

    (renewed,) = renew(before, wanted, after(60))

    assert renewed.lastTransitionTime == after(60)


def test_a_condition_that_was_not_there_has_the_time_of_now() -> None:
    (renewed,) = renew([], [_condition("Stalled", "False")], after(5))

    assert renewed.lastTransitionTime == after(5)


def test_a_condition_is_found_by_its_type() -> None:
    both = [_condition("Succeeded", "True"), _condition("Stalled", "False")]

    assert find(both, "Stalled") is both[1]
    assert find(both, "Ready") is None
