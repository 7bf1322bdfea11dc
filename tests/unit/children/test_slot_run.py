"""The run of a slot: its name is the slot's for ever, and it knows its slot."""

from datetime import UTC, datetime, timedelta

import pytest

from stagework.children.slot_run import SlotRun, asked_run_name, slot_of, slot_run_name
from tests.support.builders.schedules import make_schedule

SLOT = datetime(2026, 11, 30, 17, tzinfo=UTC)
SLOT_TEXT = "2026-12-01T02:00:00+09:00"
LONG = "a-name-that-is-longer-than-a-label-may-be-with-the-time-of-a-slot"


def manifest(**spec: object) -> dict[str, object]:
    schedule = make_schedule({"cron": "0 2 * * *"}, **spec)  # pyright: ignore[reportArgumentType]
    return SlotRun(schedule, "nightly-1", SLOT_TEXT).manifest


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


def test_it_is_as_the_template_and_belongs_to_its_schedule() -> None:
    made = manifest(template={"pipelineJob": {"pipelineRef": {"name": "a"}, "priority": 3}})
    assert made["spec"] == {"pipelineRef": {"name": "a"}, "priority": 3, "slotTime": SLOT_TEXT}
    assert made["metadata"] == {
        "name": "nightly-1",
        "namespace": "ns",
        "labels": {"stagework.dev/scheduledjob": "nightly"},
        "ownerReferences": [
            {
                "apiVersion": "stagework.dev/v1alpha1",
                "kind": "ScheduledJob",
                "name": "nightly",
                "uid": "uid-of-it",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def test_a_param_has_its_slot_where_the_template_asks_for_it() -> None:
    template = {
        "pipelineJob": {"pipelineRef": {"name": "a"}, "params": {"who": "me"}},
        "slotTimeParam": "night",
    }
    made = manifest(template=template)
    spec = made["spec"]
    assert isinstance(spec, dict)
    assert spec["params"] == {"who": "me", "night": SLOT_TEXT}
