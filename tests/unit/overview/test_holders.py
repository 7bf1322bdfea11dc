"""Who holds the slots that a run waits for."""

import pytest

from stagework.overview.holders import SlotHolder, classes_waited_for, slot_holders
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.policies.slots.turn import Queued, Standing
from tests.support.builders.written_runs import at, run_of, stage


@pytest.mark.parametrize("machine", ["gpu", "a100", "mac-mini-2"])
def test_the_class_is_read_from_the_operators_own_sentence(machine: str) -> None:
    sentence = queue_sentence(Queued(machine, Standing(4, 34, slots=2, taken=2)))
    run = run_of(
        stage("a", reason="NoFreeSlot", message=sentence),
        stage("b", reason="NoFreeSlot", message=sentence),
        stage("c", reason="DependenciesPending", message="waits for a"),
    )

    assert classes_waited_for(run) == (machine,)


def test_who_is_at_work_on_the_class_holds_its_slots_the_longest_first() -> None:
    runs = [
        run_of(stage("young", "Running", start=50), name="r-1"),
        run_of(stage("old", "Running", start=10), name="r-2", namespace="other"),
        run_of(stage("stuck", "Stuck", start=5), stage("away", "Running", machine="macmini")),
        run_of(stage("done", "Succeeded"), stage("waits")),
    ]

    assert slot_holders(runs, ("gpu",), at(60)) == (
        SlotHolder("gpu", "other", "r-2", "old", 50.0),
        SlotHolder("gpu", "default", "r-1", "young", 10.0),
    )
