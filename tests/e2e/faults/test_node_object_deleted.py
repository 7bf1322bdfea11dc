"""A Node object is deleted while a stage runs there, and the machine lives: that is no proof."""

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import ended, is_missed, stage_in
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("Node object deleted, its machine lives"),
    pytest.mark.alone("it deletes a node", touches="nodes"),
    pytest.mark.long("minutes until Kubernetes removes its Pods"),
]


def test_nothing_is_begun_before_its_process_has_ended(
    space: Space, witness: Witness, server: Machine, home: str, measured: Measured
) -> None:
    pool = falling_back(server.key, home)
    space.apply(run_of("homeless", witness.stage("one", 240, contract="Mark", **pool)))
    witness.wait_until_heard("homeless")
    space.commands.must("delete", "node", server.node)
    measured.begins()
    measured.seen(space, "homeless", is_missed("one"), 120)

    server.start_kubelet()
    server.wait_until_ready()
    run = space.wait_for("homeless", ended(), 900)
    measured.goes_on()

    stage = stage_in(run, "one")
    assert run["status"]["summary"] == "Completed", space.story_of("homeless")
    assert witness.copies("homeless") == 1
    measured.ended(f"Completed, attempt {stage['attempt']}", witness.copies("homeless"))
