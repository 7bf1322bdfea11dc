"""Which of the slots that have passed run: one each five minutes, from midnight on."""

from datetime import datetime, timedelta

import pytest

from stagework.policies.schedules.cron import COUNTED
from stagework.policies.schedules.jitter import jitter
from stagework.policies.schedules.missed import CAUGHT_UP, Misfire, Passed, Skipped, passed
from tests.support.builders.schedules import CREATED, make_timetable

TABLE = make_timetable({"intervalSeconds": 300})


def slot(number: int) -> datetime:
    return CREATED + timedelta(minutes=5 * number)


def after_minutes(
    minutes: float, misfire: Misfire, *, begun: tuple[int, ...] = (), at: int = 0
) -> Passed:
    now = CREATED + timedelta(minutes=minutes)
    begun_slots = [slot(number) for number in begun]
    return passed(TABLE, slot(at), now, misfire, is_due=lambda _: True, begun=begun_slots)


ROWS: dict[str, tuple[Passed, tuple[int, ...], int | None, Skipped]] = {
    "none has come": (after_minutes(4, Misfire("latest", None)), (), None, Skipped()),
    "one, in time": (after_minutes(5, Misfire("latest", 0)), (1,), 1, Skipped()),
    "one, late, without a grace": (after_minutes(9.9, Misfire("latest", None)), (1,), 1, Skipped()),
    "one, at the end of its grace": (after_minutes(6, Misfire("latest", 60)), (1,), 1, Skipped()),
    "one, later than that": (*(after_minutes(6.1, Misfire("latest", 60)), (), 1, Skipped(late=1)),),
    "three: the latest": (
        *(after_minutes(17, Misfire("latest", None)), (3,), 3, Skipped(coalesced=2)),
    ),
    "three: the earliest": (
        *(after_minutes(17, Misfire("earliest", None)), (1,), 3, Skipped(coalesced=2)),
    ),
    "three: all": (after_minutes(17, Misfire("all", None)), (1, 2, 3), 3, Skipped()),
    "three, the first is too late: the earliest of the others": (
        *(after_minutes(17, Misfire("earliest", 480)), (2,), 3, Skipped(late=1, coalesced=1)),
    ),
    "three, the first is too late: all others": (
        *(after_minutes(17, Misfire("all", 480)), (2, 3), 3, Skipped(late=1)),
    ),
    "all are too late": (after_minutes(17, Misfire("all", 60)), (), 3, Skipped(late=3)),
    "too many: the last ones": (
        after_minutes(5 * 30, Misfire("all", None)),
        tuple(range(31 - CAUGHT_UP, 31)),
        30,
        Skipped(beyond_limit=30 - CAUGHT_UP),
    ),
    "one is begun: it goes first, the rest is for later": (
        after_minutes(17, Misfire("latest", None), begun=(2,)),
        (2,),
        2,
        Skipped(coalesced=1),
    ),
    "one is begun: what was too late before it is no part of it": (
        after_minutes(27, Misfire("latest", 330), begun=(4,)),
        (4,),
        4,
        Skipped(late=2, coalesced=1),
    ),
    "one is begun, of which the earliest runs: it stands for all": (
        after_minutes(17, Misfire("earliest", None), begun=(1,)),
        (1,),
        3,
        Skipped(coalesced=2),
    ),
    "one is begun and too late": (
        after_minutes(17, Misfire("all", 60), begun=(1,)),
        (1,),
        3,
        Skipped(late=2),
    ),
    "one was begun and is known": (
        after_minutes(7, Misfire("latest", None), begun=(1,), at=1),
        (),
        None,
        Skipped(),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_becomes_of_them(row: str) -> None:
    answer, run, until, skipped = ROWS[row]
    assert answer.run == tuple(slot(number) for number in run)
    assert answer.until == (None if until is None else slot(until))
    assert answer.skipped == skipped


def test_ten_years_of_seconds_are_dealt_with_at_once() -> None:
    table = make_timetable({"intervalSeconds": 1})
    now = CREATED + timedelta(days=3650)
    answer = passed(table, CREATED, now, Misfire("latest", None), is_due=lambda _: True)
    assert answer.run == (now,)
    assert answer.skipped == Skipped(coalesced=3650 * 86400 - 1)


def test_of_ten_years_of_minutes_a_part_is_counted() -> None:
    table = make_timetable({"cron": "* * * * *"}, timeZone="Europe/Berlin")
    now = CREATED + timedelta(days=3650)
    answer = passed(table, CREATED, now, Misfire("earliest", 3600), is_due=lambda _: True)
    assert answer.run == (now - timedelta(hours=1),)
    assert answer.until == now
    assert answer.skipped == Skipped(late=COUNTED, coalesced=60)
    assert answer.skipped.is_lower_bound


def test_a_slot_that_is_put_off_keeps_back_those_that_follow() -> None:
    def is_due(moment: datetime) -> bool:
        return moment != slot(2)

    misfire = Misfire("all", 0, jitter_seconds=600)
    now = CREATED + timedelta(minutes=14)
    assert passed(TABLE, CREATED, now, misfire, is_due=is_due).run == (slot(1),)
    later = now + timedelta(minutes=5)
    due = passed(TABLE, slot(1), later, misfire, is_due=lambda _: True)
    assert due.run == (slot(2), slot(3))


def test_jitter_is_the_same_for_a_slot_and_spread_over_slots() -> None:
    assert jitter("uid", slot(1), 0) == timedelta()
    assert jitter("uid", slot(1), 60) == jitter("uid", slot(1), 60)
    assert jitter("uid", slot(1), 10**6) != jitter("other", slot(1), 10**6)
    seconds = {jitter("uid", slot(number), 9).total_seconds() for number in range(200)}
    assert seconds == set(range(10))
