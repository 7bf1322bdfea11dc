"""A node does not reach the API server for a while; its containers go on."""

import time

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("API traffic of a node dropped for"),
    pytest.mark.alone("it cuts a node off", touches="nodes"),
    pytest.mark.long("up to ten minutes cut off"),
    pytest.mark.timeout(1500),
]
NOTICED_SECONDS = 55
"""A shorter cut is never seen."""


@pytest.mark.parametrize("seconds", [20, 90, 600], ids=lambda seconds: f"{seconds} s")
def test_it_is_at_work_all_the_time_and_commits_once(
    space: Space,
    witness: Witness,
    server: Machine,
    home: str,
    measured: Measured,
    *,
    seconds: int,
) -> None:
    name = f"cut-{seconds}"
    pool = falling_back(server.key, home)
    stage = witness.stage("one", seconds + 60, contract="Mark", timeoutSeconds=3600, **pool)
    space.apply(run_of(name, stage))
    witness.wait_until_heard(name)
    server.cut_off()
    measured.begins()
    healed_at = time.monotonic() + seconds
    if seconds > NOTICED_SECONDS:
        measured.seen(space, name, stage_is("one", reason="NodeLost", attempt=1), 90)
    time.sleep(max(0.0, healed_at - time.monotonic()))  # the fault itself
    server.connect()
    measured.heals()
    space.wait_for(name, stage_is("one", state="Running", reason="", attempt=1), 120)
    measured.goes_on()

    ended = stage_in(space.wait_for_end(name, "Completed"), "one")
    assert (ended["attempt"], len(witness.pods_of(name))) == (1, 1)
    measured.ended("Completed, attempt 1", witness.copies(name))
