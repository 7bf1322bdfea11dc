"""The lid is closed for five minutes over one stage that runs and twelve that wait."""

import time
from itertools import pairwise

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of
from tests.support.cluster.waiting import stage_in, stage_is, summary
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("lid closed for 5 min, 12 stages wait"),
    pytest.mark.alone("it pauses the MacBook's node", touches="nodes"),
    pytest.mark.long("five minutes asleep; test_lid_closed.py is its short one"),
]
MACBOOK = ["macbook"]
ASLEEP_SECONDS = 300
WAITING = [f"waits-{number:02}" for number in range(12)]


def test_what_ran_goes_on_and_what_waited_starts_one_by_one(
    space: Space, witness: Witness, macbook: Machine, measured: Measured
) -> None:
    space.apply(run_of("opened", witness.stage("one", 60, runsOn=MACBOOK)))
    witness.wait_until_heard("opened")
    macbook.sleep()
    measured.begins()
    slept = time.monotonic()
    space.apply(*(run_of(name, witness.stage("one", 2, runsOn=MACBOOK)) for name in WAITING))
    measured.seen(space, "opened", summary("Away"), 90)
    for name in WAITING:
        space.wait_for(name, summary("Deferred"), 60)
    time.sleep(max(0.0, slept + ASLEEP_SECONDS - time.monotonic()))  # the fault itself
    macbook.wake()
    measured.heals()
    space.wait_for("opened", stage_is("one", state="Running"), 120)
    measured.goes_on()

    for name in ("opened", *WAITING):
        stage = stage_in(space.wait_for_end(name, "Completed"), "one")
        assert (stage["attempt"], stage.get("failures", 0)) == (1, 0)
    beats = witness.beats()
    spans = sorted(
        (min(own), max(own))
        for name in WAITING
        if (own := [beat.seconds for beat in beats if beat.run == name])
    )
    assert len(spans) == len(WAITING)
    assert all(one[1] <= two[0] for one, two in pairwise(spans)), "one slot"
    measured.ended("all Completed, attempt 1", witness.copies("opened"))
