"""The queue for the only slot of a class goes by priority; a class without a node is waited for."""

from collections.abc import Iterator

import pytest

from hack.devcluster.cluster import node_names
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell, skip
from tests.support.cluster.waiting import Condition, stage_in, stage_is
from tests.support.recorded import stages_of

pytestmark = pytest.mark.alone(
    "it counts who waits for the MacBook, and takes its node away", touches="nodes"
)

MACBOOK = ["macbook"]
"""One node with one slot: a queue that can be watched."""


@pytest.fixture
def cordoned(space: Space) -> Iterator[None]:
    """No node of class macbook takes new Pods."""
    selector = ("-l", "stagework.dev/machine=macbook")
    space.commands.must("cordon", *selector)
    yield
    space.commands.must("uncordon", *selector)


def test_a_queue_for_one_slot_goes_by_priority_and_says_where_one_stands(space: Space) -> None:
    space.apply(run_of("holder", shell("one", HOLD, runsOn=MACBOOK), shell("two"), priority=100))
    space.wait_for("holder", stage_is("one", state="Running"))
    assert space.stage_of("holder", "two")["message"] == "waits for one"
    assert space.stage_of("holder", "two")["reason"] == "DependenciesPending"
    for name, priority in (("plain", 0), ("later", 0), ("urgent", 50)):
        space.apply(run_of(name, shell("one", runsOn=MACBOOK), priority=priority))
        space.wait_for(name, stage_is("one", reason="NoFreeSlot"))
    for name, position in (("urgent", "1st"), ("plain", "2nd"), ("later", "3rd")):
        where = f"waits for a macbook slot: {position} of 3; "
        told = Condition(
            where, lambda run, text=where: stage_in(run, "one")["message"].startswith(text)
        )
        run = space.wait_for(name, told)
        assert run["status"]["summary"] == "Queued"

    asked = skip("holder", "one", by=space.commands.me(), descendants="Run")
    space.answer_to(space.create(asked))
    begun = {
        name: stages_of(space.wait_for_end(name, "Completed"))[0]["startTime"]
        for name in ("urgent", "plain", "later")
    }
    assert list(begun) == sorted(begun, key=lambda name: begun[name])
    space.wait_for_end("holder", "CompletedWithSkips")


@pytest.mark.usefixtures("cordoned")
def test_a_class_without_a_node_is_waited_for_and_the_next_one_taken_in_its_time(
    space: Space,
) -> None:
    space.apply(
        run_of("patient", shell("one", runsOn=MACBOOK)),
        run_of("flexible", shell("one", runsOn=["macbook", "macmini"], fallbackAfterSeconds=2)),
    )
    run = space.wait_for("patient", stage_is("one", state="Deferred", reason="MachineAway"))
    node = node_names()["macbook"]
    why = f"no ready node of class macbook: {node} is cordoned; until one is back"
    assert stage_in(run, "one")["message"] == why
    assert run["status"]["summary"] == "Deferred"
    assert f"kubectl uncordon {node}" in space.stagework("status", "patient").out
    flexible = space.wait_for_end("flexible", "Completed")
    assert stage_in(flexible, "one")["machine"] == "macmini"
    assert space.stage_of("patient", "one")["state"] == "Deferred"


def test_when_the_node_is_back_the_work_begins(space: Space) -> None:
    run = space.wait_for_end("patient", "Completed")
    assert stage_in(run, "one")["machine"] == "macbook"
