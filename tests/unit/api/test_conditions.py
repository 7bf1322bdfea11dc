"""Conditions keep their transition times."""

from datetime import datetime

import pytest

from stagework.api.conditions import (
    Condition,
    Status,
    conditions_for,
    find,
    of_generation,
    renew,
)
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


def test_a_message_is_cut_by_its_bytes_in_every_script() -> None:
    conditions = conditions_for(
        [], 1, succeeded="Unknown", reason="Queued", message="가" * 512, now=T0
    )

    said = {condition.type: condition.message for condition in conditions}
    assert said["Stalled"] == "", "it does not apply"
    assert said["Succeeded"] == said["Reconciling"]
    assert 500 < len(said["Succeeded"].encode()) <= 512
    assert set(said["Succeeded"]) == {*"가… "}


def test_a_condition_is_found_by_its_type() -> None:
    both = [_condition("Succeeded", "True"), _condition("Stalled", "False")]

    assert find(both, "Stalled") is both[1]
    assert find(both, "Ready") is None


def test_conditions_speak_of_another_generation_and_say_the_same() -> None:
    (condition,) = of_generation([_condition("Succeeded", "False")], 7)

    assert condition == _condition("Succeeded", "False").evolve(observedGeneration=7)


def _for_unfinished(
    before: list[Condition], now: datetime = T0, *, stalled: bool = False, paused: bool = False
) -> list[Condition]:
    return conditions_for(
        before,
        1,
        succeeded="Unknown",
        reason="Because",
        message="a sentence",
        now=now,
        stalled=stalled,
        paused=paused,
    )


@pytest.mark.parametrize(
    ("stalled", "paused", "statuses"),
    [
        (False, False, ("Unknown", "True", "False")),
        (True, False, ("Unknown", "False", "True")),
        (False, True, ("Unknown", "False", "False")),
    ],
    ids=["active", "needs a person", "suspended"],
)
def test_unfinished_work_may_be_stuck_or_paused(
    statuses: tuple[str, ...], *, stalled: bool, paused: bool
) -> None:
    conditions = _for_unfinished([], stalled=stalled, paused=paused)

    assert tuple(condition.status for condition in conditions) == statuses


def test_conditions_that_say_all_of_it_already_are_given_back() -> None:
    first = _for_unfinished([])

    assert _for_unfinished(first, after(60)) is first
