"""A kubelet is stopped, and the containers of its node live on: none of them is started twice."""

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("kubelet stopped for 3 min, containers live"),
    pytest.mark.alone("it stops a kubelet", touches="nodes"),
    pytest.mark.long("three minutes without a kubelet"),
]


def test_the_stage_is_at_work_all_the_time_and_commits_once(
    space: Space, witness: Witness, server: Machine, home: str, measured: Measured
) -> None:
    pool = falling_back(server.key, home)
    space.apply(run_of("alive", witness.stage("one", 220, contract="Mark", **pool)))
    witness.wait_until_heard("alive")
    server.stop_kubelet()
    measured.begins()
    measured.seen(space, "alive", stage_is("one", reason="NodeLost", attempt=1), 90)
    said_after = len(witness.beats())
    # Longer than a fence would have taken: its heartbeats go on, so it has none.
    space.wait_for("alive", stage_is("one", attempt=1), 10)
    witness.wait_for_beats(said_after + 120)
    server.start_kubelet()
    space.wait_for("alive", stage_is("one", state="Running", reason="", attempt=1), 120)
    measured.goes_on()

    stage = stage_in(space.wait_for_end("alive", "Completed"), "one")
    assert (stage["attempt"], len(witness.pods_of("alive"))) == (1, 1)
    measured.ended("Completed, attempt 1", witness.copies("alive"))
