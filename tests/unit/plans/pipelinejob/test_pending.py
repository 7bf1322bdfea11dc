"""Which machine classes are waited for, and since when the oldest stage could have run."""

from datetime import datetime
from typing import Any

import pytest

from stagework.plans.pipelinejob.pending import pending
from stagework.policies.slots.turn import Queued, Standing, Turn
from tests.support.builders import T0, World, after, line_of, make_stage, make_status


def _pending(world: World, **turns: Turn) -> dict[str, datetime]:
    snapshot = world.snapshot()
    return pending(snapshot, snapshot.run.status, turns)


def _second(**status: Any) -> World:
    """The first stage ended at second 7; the second waits."""
    first = make_status("stage_1", "Succeeded", completionTime=after(7), commit={"attempt": 1})
    return World(stages=line_of(2), states=[first, make_status("stage_2", **status)])


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        ({"reason": "NoFreeSlot"}, {"gpu": after(7)}),
        ({"reason": "NoNodeOfClass"}, {"gpu": after(7)}),
        ({"reason": "NoFreeSlot", "notBeforeTime": after(60)}, {"gpu": after(60)}),
        ({"reason": "NoFreeSlot", "notBeforeTime": after(2)}, {"gpu": after(7)}),
        ({"reason": "BackOff", "notBeforeTime": after(60)}, {}),
        ({"state": "Starting", "reason": "PodCreating"}, {}),
    ],
    ids=["slot", "node", "back-off over", "back-off long over", "in its back-off", "has its turn"],
)
def test_a_stage_could_have_run_since_all_that_held_it_back_was_over(
    status: dict[str, Any], waits: dict[str, datetime]
) -> None:
    assert _pending(_second(**status)) == waits


def test_a_first_stage_could_have_run_since_the_run_was_made() -> None:
    assert _pending(World(states=[make_status(reason="NoFreeSlot")])) == {"gpu": T0}


def test_it_waits_for_the_class_whose_queue_it_is_in() -> None:
    queued = Queued("macmini", Standing())

    assert _pending(_second(reason="NoFreeSlot"), stage_2=queued) == {"macmini": after(7)}


def test_of_several_that_wait_for_a_class_the_oldest_counts() -> None:
    stages = [make_stage("a"), make_stage("b", dependsOn=[])]
    late, early = (
        make_status("a", reason="NoFreeSlot", notBeforeTime=after(50)),
        make_status("b", reason="NoFreeSlot", notBeforeTime=after(20)),
    )

    assert _pending(World(stages=stages, states=[late, early])) == {"gpu": after(20)}


def test_a_run_that_is_not_accepted_waits_for_no_machine() -> None:
    assert _pending(World()) == {}
