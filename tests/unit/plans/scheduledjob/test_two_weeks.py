"""Two weeks of a schedule, with all that may happen to its operator: exactly the runs expected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.builders.schedules import make_schedule
from tests.support.schedules.world import ScheduleWorld

BEGAN = datetime(2026, 3, 20, tzinfo=UTC)
"""Clocks go forward in Berlin on the 29th."""
END = BEGAN + timedelta(days=14)
SIX_HOURLY = {"cron": "0 1,7,13,19 * * *"}


def day(number: int, time: str) -> datetime:
    hours, minutes = map(int, time.split(":"))
    return BEGAN + timedelta(days=number, hours=hours, minutes=minutes)


def world(**spec: Any) -> ScheduleWorld:
    berlin: dict[str, Any] = {"timeZone": "Europe/Berlin", "successfulJobsHistoryLimit": 50, **spec}
    return ScheduleWorld(make_schedule(SIX_HOURLY, created=BEGAN, **berlin), BEGAN)


def slots_of(run_world: ScheduleWorld) -> list[str]:
    return [name.removeprefix("nightly-")[4:-2] for name, _ in run_world.made]


def all_slots() -> list[str]:
    """In UTC: an hour earlier from the 29th on."""
    quiet = world()
    quiet.go_on(END)
    return slots_of(quiet)


def test_where_nothing_happens_each_slot_has_its_run() -> None:
    slots = all_slots()
    assert len(slots) == 4 * 14
    assert slots[:4] == ["0320t0600", "0320t1200", "0320t1800", "0321t0000"]
    assert "0329t0500" in slots
    assert "0329t0600" not in slots


@pytest.mark.parametrize("coalesce", ["latest", "earliest", "all"])
def test_an_operator_that_is_away_catches_up_as_it_is_told(coalesce: str) -> None:
    stopped = world(coalesce=coalesce, maxInstances=5)
    stopped.go_on(day(2, "05:00"))
    stopped.die()
    stopped.go_on(day(2, "19:30"))
    stopped.start()
    stopped.go_on(END)
    missed = ["0322t0600", "0322t1200", "0322t1800"]
    run = {"latest": missed[2:], "earliest": missed[:1], "all": missed}[coalesce]
    assert slots_of(stopped) == [s for s in all_slots() if s not in missed or s in run]
    assert stopped.status.stats.skipped == 3 - len(run)


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_an_hour_wrong_for_days_changes_no_run(ahead: timedelta) -> None:
    wrong = world(coalesce="all", maxInstances=3)
    for number in range(1, 8):
        wrong.go_on(day(number, "06:10"))
        wrong.die()
        wrong.ahead = ahead if number % 2 else timedelta()
        wrong.start()
    wrong.go_on(END)
    assert slots_of(wrong) == all_slots()
    assert wrong.status.stats.totalExecutions == 4 * 14


def test_an_outage_of_the_api_server_loses_nothing_within_the_grace() -> None:
    cut = world(misfireGraceSeconds=3600)
    cut.go_on(day(3, "05:59"))
    cut.api_answers = False
    cut.go_on(day(3, "06:40"))
    cut.api_answers = True
    cut.go_on(day(4, "05:59"))
    cut.api_answers = False
    cut.go_on(day(4, "08:00"))
    cut.api_answers = True
    cut.go_on(END)
    assert slots_of(cut) == [slot for slot in all_slots() if slot != "0324t0600"]
    assert cut.status.stats.skipped == 1
    missed = cut.status.lastMissedTime
    assert missed is not None
    assert day(4, "08:00") <= missed <= day(4, "08:01")
    late = dict(cut.made)["nightly-20260323t060000"] - day(3, "06:00")
    assert timedelta(minutes=40) <= late <= timedelta(minutes=41)


def test_a_lost_answer_makes_no_second_run() -> None:
    lost = world()
    lost.go_on(day(3, "05:59"))
    lost.api_answers = False
    lost.at_write = lambda what: "lose the answer" if what == "create" else ""
    lost.go_on(day(3, "12:30"))
    lost.at_write = lambda _: ""
    lost.api_answers = True
    lost.go_on(END)
    assert len(set(slots_of(lost))) == len(slots_of(lost))
    assert lost.status.stats.totalExecutions == len(lost.made)
    assert lost.status.stats.totalExecutions + lost.status.stats.skipped == 4 * 14


def test_what_is_paused_never_comes_later() -> None:
    paused = world(coalesce="all")
    paused.go_on(day(5, "00:30"))
    paused.change(suspend=True)
    paused.go_on(day(6, "03:00"))
    paused.change(suspend=False)
    paused.go_on(END)
    missed = {"0325t0600", "0325t1200", "0325t1800", "0326t0000"}
    assert slots_of(paused) == [slot for slot in all_slots() if slot not in missed]
    assert paused.status.stats.skipped == 0


def test_a_restored_status_of_days_ago_makes_no_second_run() -> None:
    restored = world(coalesce="all", maxInstances=20)
    restored.go_on(day(2, "10:00"))
    backup = restored.status
    restored.go_on(day(4, "10:00"))
    restored.die()
    restored.schedule = restored.schedule.model_copy(update={"status": backup})
    restored.start()
    restored.go_on(END)
    assert slots_of(restored) == all_slots()
