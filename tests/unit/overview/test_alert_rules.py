"""Which alerts are wanted: one table a rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from stagework.overview.alert_rules import (
    AlertLimits,
    AlertNumbers,
    MissedSchedule,
    OrphanSeen,
    Situation,
    StoreSeen,
    WantedAlert,
    alert_numbers,
    title_of,
    unknown_keys,
    wanted_alerts,
)
from stagework.overview.queue.work import Work
from tests.support.builders.queue import NOW, ago, old_places, work, works

LIMITS = AlertLimits(
    failed_ratio=0.5,
    fewest_ended=5,
    stuck=timedelta(minutes=5),
    deferred=timedelta(hours=12),
    store_away=timedelta(seconds=20),
    service_away=timedelta(seconds=60),
)


def wanted(situation: Situation) -> tuple[WantedAlert, ...]:
    return wanted_alerts(situation, old_places(), LIMITS, NOW)


def keys(situation: Situation) -> list[str]:
    return [alert.key for alert in wanted(situation)]


def of_rows(*rows: Work) -> list[str]:
    return keys(Situation(rows=rows))


def test_where_nothing_is_wrong_nobody_is_told() -> None:
    assert keys(Situation()) == []
    assert of_rows(work(), work(state="processing"), work(state="held", created=9999)) == []


@pytest.mark.parametrize(
    ("failed", "done", "is_wanted"),
    [(0, 9, False), (4, 0, False), (5, 0, True), (5, 5, False), (6, 5, True)],
)
def test_a_stage_fails_too_often_once_enough_has_ended(
    failed: int, done: int, is_wanted: bool
) -> None:
    rows = [
        *works(failed, state="failed", ended=5),
        *works(done, state="done", ended=5, machine="gpu"),
        *works(9, "embed", state="done", ended=5, machine="gpu"),
    ]
    assert of_rows(*rows) == (["failed/extract"] if is_wanted else [])


def test_only_the_last_hour_counts() -> None:
    assert of_rows(*works(9, state="failed", ended=61)) == []
    late = [*works(5, state="failed", ended=59), *works(9, state="done", ended=61)]
    assert of_rows(*late) == ["failed/extract"]


def test_failures_are_told_with_the_last_cause_and_what_to_type() -> None:
    rows = works(5, state="failed", ended=9, error="OutOfMemory: killed")
    last = work(state="failed", ended=1, run="last", error="BadImage: no JPEG")
    (alert,) = wanted(Situation(rows=[*rows, last]))
    assert alert.text == (
        "6 of 6 that ended in the last hour failed, the last one in default/last: BadImage: no"
        " JPEG; stagework status --failed -n default"
    )


@pytest.mark.parametrize(("minutes", "is_wanted"), [(4.9, False), (5, True)])
def test_a_stage_is_stuck_for_too_long_since_its_turn(minutes: float, is_wanted: bool) -> None:
    stuck = work(state="stuck", created=600, turn_at=ago(minutes))
    assert of_rows(stuck) == (["stuck/extract"] if is_wanted else [])


def test_stuck_stages_of_one_name_are_one_alert_about_the_first() -> None:
    first = work(state="stuck", run="first", turn_at=ago(30), error="ImagePull: not there")
    second = work(state="stuck", run="second", turn_at=ago(20))
    (alert,) = wanted(Situation(rows=[second, first]))
    assert alert.text == (
        "2, the first one for 30m: ImagePull: not there; kubectl describe pj first -n default"
    )


@pytest.mark.parametrize(("hours", "is_wanted"), [(11.9, False), (12, True)])
def test_stages_are_deferred_for_too_long_by_the_class_that_is_away(
    hours: float, is_wanted: bool
) -> None:
    row = work("deep_summary", "deferred", created=hours * 60)
    assert of_rows(row) == (["deferred/macbook"] if is_wanted else [])


def test_deferred_stages_are_told_by_what_people_call_the_machine() -> None:
    (alert,) = wanted(Situation(rows=works(3, "deep_summary", "deferred", created=60 * 30)))
    assert alert.text.startswith("3 wait for MacBook, the first one for 30h: default/")


def test_orphans_of_the_last_hour_are_one_alert_a_namespace() -> None:
    lost = OrphanSeen("team", "scan-7", "ocr", 2, ago(5))
    others = (replace(lost, namespace="art"), replace(lost, run="old", at=ago(60)))
    assert keys(Situation(orphans=[lost, *others])) == ["orphans/art", "orphans/team"]
    (alert,) = wanted(Situation(orphans=[lost]))
    assert alert.text.startswith("1 in the last hour: scan-7 ocr (attempt 2). ")
    assert "stagework retry" in alert.text


def test_of_many_like_things_three_are_named() -> None:
    lost = [OrphanSeen("team", f"scan-{n}", "ocr", 1, ago(n)) for n in range(1, 6)]
    (alert,) = wanted(Situation(orphans=lost))
    assert alert.text.startswith(
        "5 in the last hour: scan-1 ocr (attempt 1), scan-2 ocr (attempt 1), scan-3 ocr"
        " (attempt 1) and 2 more. "
    )


@pytest.mark.parametrize(
    ("fault", "seconds", "is_wanted"),
    [("down", 19, False), ("down", 20, True), ("", 999, False), (None, 999, False)],
)
def test_a_store_is_away_for_too_long(fault: str | None, seconds: int, is_wanted: bool) -> None:
    store = StoreSeen("history", fault, NOW - timedelta(seconds=seconds))
    assert keys(Situation(stores=[store])) == (["store/history"] if is_wanted else [])


@pytest.mark.parametrize(("seconds", "is_wanted"), [(59, False), (60, True)])
def test_the_api_service_may_be_away_for_as_long_as_an_upgrade_takes(
    seconds: int, *, is_wanted: bool
) -> None:
    service = StoreSeen("api-service", "down", NOW - timedelta(seconds=seconds))
    assert keys(Situation(stores=[service])) == (["store/api-service"] if is_wanted else [])


def test_a_store_of_which_nobody_can_say_is_not_well_either() -> None:
    stores = [StoreSeen("api-service", "", NOW), StoreSeen("history", None, NOW)]
    assert unknown_keys(Situation(stores=stores)) == {"store/history"}


def test_missed_slots_of_the_last_hour_are_one_alert_a_namespace() -> None:
    missed = [
        MissedSchedule("team", "nightly", ago(5)),
        MissedSchedule("team", "weekly", ago(9)),
        MissedSchedule("team", "forgotten", ago(60)),
    ]
    (alert,) = wanted(Situation(missed=missed))
    assert alert == WantedAlert(
        "schedules/team", "nightly, weekly; stagework schedule show nightly -n team"
    )


def test_the_numbers_are_those_of_the_board_by_machine_and_stage() -> None:
    rows = [
        *works(2, state="failed", ended=5),
        *works(3, state="done", ended=5, machine="gpu"),
        work(state="stuck", turn_at=ago(10)),
        work("deep_summary", "deferred", created=60),
    ]
    assert alert_numbers(rows, old_places(), NOW) == (
        AlertNumbers("gpu", "extract", 2, 3, stuck_seconds=600, deferred_seconds=0),
        AlertNumbers("macbook", "deep_summary", 0, 0, stuck_seconds=0, deferred_seconds=3600),
    )


def test_a_title_needs_nothing_but_the_key() -> None:
    assert title_of("stuck/ocr") == "stages are stuck: ocr"
    assert title_of("of an older release/x") == "of an older release: x"
