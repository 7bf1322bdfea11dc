"""While the MacBook is away its work goes to the next class, after the time that the stage says."""

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import stage_in, stage_is, summary
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("lid closed and noticed, the next class takes it after 60 s"),
    pytest.mark.alone("it pauses the MacBook's node", touches="nodes"),
    pytest.mark.long("a minute asleep, and a minute until that is seen"),
]


def test_the_next_class_takes_it_and_later_work_goes_home_again(
    space: Space, witness: Witness, macbook: Machine, measured: Measured
) -> None:
    classes = falling_back("macbook", "macmini", seconds=60)
    macbook.sleep()
    macbook.wait_until_missed()  # what has its turn before that has begun there, and stays
    measured.begins()
    space.apply(run_of("falls", witness.stage("one", 5, **classes)))
    measured.seen(space, "falls", summary("Deferred"), 90)
    space.wait_for("falls", stage_is("one", machine="macmini"), 120)
    measured.goes_on()
    stage = stage_in(space.wait_for_end("falls", "Completed"), "one")
    assert (stage["machine"], stage["attempt"]) == ("macmini", 1)

    macbook.wake()
    macbook.wait_until_ready()
    space.apply(run_of("home", witness.stage("one", 1, **classes)))
    assert stage_in(space.wait_for_end("home", "Completed"), "one")["machine"] == "macbook"
    measured.ended("Completed on macmini", witness.copies("falls"))
