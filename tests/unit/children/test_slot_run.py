"""The name of what is made for a slot is the slot's for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from stagework.children.slot_run import asked_run_name, slot_of, slot_run_name

SLOT = datetime(2026, 11, 30, 17, tzinfo=UTC)
LONG = "a-name-that-is-longer-than-a-label-may-be-with-the-time-of-a-slot"


@pytest.mark.parametrize("schedule", ["nightly", "a.b-c", LONG, "x-20260101t000000"])
def test_a_slot_is_told_from_the_name_of_its_run(schedule: str) -> None:
    name = slot_run_name(schedule, SLOT)
    assert len(name) <= 63
    assert slot_of(schedule, name) == SLOT
    assert slot_of("other", name) is None
    assert slot_run_name(schedule, SLOT + timedelta(seconds=1)) != name
    assert slot_of(schedule, asked_run_name(schedule, "uid-1")) is None


def test_names() -> None:
    assert slot_run_name("nightly", SLOT) == "nightly-20261130t170000"
    assert slot_run_name(LONG, SLOT) != slot_run_name(f"{LONG}-too", SLOT)
    assert asked_run_name("nightly", "uid-1") == asked_run_name("nightly", "uid-1")
    assert asked_run_name("nightly", "uid-1") != asked_run_name("nightly", "uid-2")


@pytest.mark.parametrize("name", ["nightly", "nightly-x", "nightly-20261399t170000"])
def test_other_names_are_no_slots(name: str) -> None:
    assert slot_of("nightly", name) is None
