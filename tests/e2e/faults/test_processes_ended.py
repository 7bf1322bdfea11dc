"""What becomes of a stage whose process hangs, is killed for its memory, or ends when asked to."""

import pytest

from hack.devcluster.cluster import node_names
from tests.support.cluster.api import Api
from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = pytest.mark.long("minutes, one after the other")
HUNGRY = "python3 -c 'x = bytearray(512 * 1024 * 1024)'"


@pytest.mark.fault("process stopped (hangs), timeoutSeconds 60")
def test_what_hangs_is_ended_when_its_time_is_over(
    space: Space, witness: Witness, api: Api, measured: Measured
) -> None:
    space.apply(run_of("hangs", witness.stage("one", 40, timeoutSeconds=60)))
    witness.wait_until_heard("hangs")
    node = space.wait_for("hangs", stage_is("one", state="Running"))
    where = stage_in(node, "one")["node"]
    machine = Machine(api, next(key for key, name in node_names().items() if name == where))
    machine.signal("STOP", "BEATS = 40")
    measured.begins()
    measured.seen(space, "hangs", stage_is("one", state="Failed", reason="TimedOut"), 200)
    measured.goes_on()

    space.wait_for_end("hangs", "StageFailed")
    measured.ended("Failed, TimedOut", witness.copies("hangs"))


@pytest.mark.fault("killed for its memory")
def test_the_same_limit_is_not_tried_again(space: Space, measured: Measured) -> None:
    limit = {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}
    space.apply(run_of("hungry", shell("one", HUNGRY, resources=limit, retries=2)))
    measured.begins()
    measured.seen(space, "hungry", stage_is("one", state="Failed", reason="OutOfMemory"), 120)
    measured.goes_on()
    space.wait_for_end("hungry", "StageFailed")

    starts = len(space.container_starts("hungry-one-"))
    assert starts == 1
    measured.ended("Failed, OutOfMemory", starts)


@pytest.mark.fault("shut down gracefully, the program ends with 0")
def test_an_end_that_was_asked_for_is_no_success(
    space: Space, witness: Witness, measured: Measured
) -> None:
    space.apply(run_of("polite", witness.stage("one", 20, graceful=True)))
    witness.wait_until_heard("polite")
    space.wait_for("polite", stage_is("one", state="Running"))
    pod = space.pod_of("polite", "one")["metadata"]["name"]
    space.kubectl("delete", "pod", pod, "--wait=false")
    measured.begins()
    measured.seen(space, "polite", stage_is("one", attempt=2), 60)
    space.wait_for("polite", stage_is("one", state="Running", attempt=2), 120)
    measured.goes_on()

    stage = stage_in(space.wait_for_end("polite", "Completed"), "one")
    assert stage["earlier"][0]["reason"] == "StageInterrupted"
    assert witness.copies("polite") == 1
    measured.ended("Completed, attempt 2", witness.copies("polite"))
