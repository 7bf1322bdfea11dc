"""A Node object is deleted while a stage runs there, and the machine lives: that is no proof."""

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import eventually, is_missed, stage_in, stage_is
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
    space.apply(run_of("homeless", witness.stage("one", 200, **pool)))
    witness.wait_until_heard("homeless")
    space.commands.must("delete", "node", server.node)
    measured.begins()
    measured.seen(space, "homeless", is_missed("one"), 120)
    eventually(
        lambda: space.pods_of("homeless", "one"),
        lambda pods: not pods,
        seconds=WAIT_SECONDS,
        otherwise=lambda: "Kubernetes keeps the Pods of a node that is gone",
    )
    space.wait_for("homeless", is_missed("one") & stage_is("one", attempt=1), 30)

    # Not before its Pod is gone: a Node that is made again has other addresses for its Pods.
    server.start_kubelet()
    measured.heals()
    server.wait_until_ready()
    space.wait_for("homeless", stage_is("one", state="Running", attempt=2), 300)
    measured.goes_on()

    stage = stage_in(space.wait_for_end("homeless", "Completed", 600), "one")
    assert stage.get("failures", 0) == 0
    assert witness.copies("homeless") == 1
    measured.ended("Completed, attempt 2", witness.copies("homeless"))
