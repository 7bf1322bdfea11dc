"""Who is before a run in the queue of a machine, and when its turn comes."""

import random
from dataclasses import replace
from datetime import timedelta

from stagework.api import names
from stagework.api.machines import Fleet, MachineClass
from stagework.overview.queue.live import work_of
from stagework.overview.queue.places import Places
from stagework.overview.queue.slot_waits import SlotWait, at_places, slot_waits
from stagework.overview.queue.work import Work
from stagework.overview.standing import queue_places
from tests.support.builders.written_runs import at, run_of, stage

GPU = MachineClass(key="gpu", nodeSelector={"stagework.dev/machine": "gpu"})
PLACES = Places(Fleet(machineClasses=(GPU,)), {})
MESSAGE = "waits for a gpu slot: 3rd of 5; 1 of 1 taken by ad-1 (overlay, 10 s)"
WAITS = run_of(stage("overlay", reason=names.WAIT_SLOT, message=MESSAGE), name="ad-9", uid="9")
NOW = at(100)


def rows(ended: int) -> list[Work]:
    """One at work, so many that have ended after 10 s, and what waits."""
    runs = [
        run_of(stage("overlay", "Running", start=80), name="ad-1", uid="1", title="Coffee poster"),
        *(
            run_of(stage("overlay", "Succeeded", start=0, end=10), name=f"d-{n}", uid=f"d{n}")
            for n in range(ended)
        ),
        WAITS,
    ]
    return [work for run in runs for work in work_of(run, (), PLACES)]


def wait(known: list[Work]) -> SlotWait:
    (found,) = slot_waits(WAITS, known, NOW, random.Random(1))  # noqa: S311
    return found


def test_it_says_the_place_who_has_the_slots_and_when_it_starts() -> None:
    found = wait(rows(20))
    assert (found.position, found.length, found.slots, found.taken) == (3, 5, 1, 1)
    assert [(one.title, one.stage, one.since) for one in found.at_work] == [
        ("Coffee poster", "overlay", at(80))
    ]
    assert found.starts_p50 is not None
    assert NOW + timedelta(seconds=10) < found.starts_p50 < NOW + timedelta(minutes=2)
    assert found.starts_p90 is not None
    assert found.starts_p90 >= found.starts_p50


def test_of_too_few_nobody_can_say_when() -> None:
    found = wait(rows(3))
    assert (found.starts_p50, found.starts_p90, found.why_none) == (None, None, "NoHistoryYet")


def test_what_the_reader_may_not_see_is_not_named() -> None:
    hidden = [replace(work, machine="mini") for work in rows(20)]
    assert wait(hidden).at_work == ()


def test_what_was_played_a_moment_ago_has_the_place_of_now() -> None:
    played = wait(rows(20))
    message = "waits for a gpu slot: 2nd of 6; 1 of 1 taken by ad-1 (overlay, 20 s)"
    moved = run_of(stage("overlay", reason=names.WAIT_SLOT, message=message))
    (found,) = at_places([played], queue_places(moved.status.stages))

    assert (found.position, found.length) == (2, 6)
    assert found.starts_p50 == played.starts_p50
    assert at_places([played], ()) == ()
