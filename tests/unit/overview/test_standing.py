"""The place that the operator has told, read back from its own sentence."""

import pytest

from stagework.api import names
from stagework.overview.standing import QueuePlace, queue_place
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.policies.slots.turn import Holder, Queued, Standing
from tests.support.builders.written_runs import stage

STANDINGS = [
    (Standing(4, 34, slots=2, taken=2), (4, 34, 2, 2)),
    (Standing(200, 1000, far=True, is_long=True, slots=8, taken=8), (200, 1000, 8, 8)),
    (Standing(slots=2, taken=1), (0, 0, 2, 1)),
    (
        Standing(
            1, 2, slots=2, taken=2, holders=(Holder("ad-7", "a", 10),), others=1, namespaces=3
        ),
        (1, 2, 2, 2),
    ),
]


@pytest.mark.parametrize(("standing", "numbers"), STANDINGS)
@pytest.mark.parametrize("machine", ["gpu", "a100", "mac-mini-2"])
def test_the_numbers_are_those_of_the_sentence(
    machine: str, standing: Standing, numbers: tuple[int, int, int, int]
) -> None:
    sentence = queue_sentence(Queued(machine, standing))
    position, length, slots, taken = numbers

    assert queue_place(stage("a", reason=names.WAIT_SLOT, message=sentence)) == QueuePlace(
        "a", machine, position, length, slots=slots, taken=taken
    )


def test_what_waits_for_something_else_has_no_place() -> None:
    assert queue_place(stage("a", reason=names.WAIT_DEPENDENCY, message="waits for b")) is None
    assert queue_place(stage("a", reason=names.WAIT_SLOT, message="in other words")) is None
