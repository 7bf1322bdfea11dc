"""A server loses its power: nothing is begun without proof, and what is proved goes on elsewhere.

Short: an administrator says that it is off. The other one waits for the self-fence.
"""

import pytest

from tests.support.cluster.machines import Machine
from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import falling_back, run_of
from tests.support.cluster.waiting import stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = pytest.mark.alone(
    "it takes the power from a node and the operator off it: not beside stories of either",
    touches="release",
)

OFF = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"


@pytest.mark.fault("node lost for good, an administrator says that it is off")
def test_the_word_of_an_administrator_begins_another_attempt(
    space: Space, witness: Witness, server: Machine, home: str, measured: Measured
) -> None:
    space.apply(run_of("off", witness.stage("one", 40, **falling_back(server.key, home))))
    witness.wait_until_heard("off")
    server.lose_power()
    measured.begins()
    measured.seen(space, "off", stage_is("one", reason="NodeLost", attempt=1), 90)

    space.commands.must("taint", "node", server.node, OFF)
    try:
        space.wait_for("off", stage_is("one", state="Running", attempt=2), 120)
        measured.goes_on()
    finally:
        space.commands.must("taint", "node", server.node, f"{OFF}-")
    stage = stage_in(space.wait_for_end("off", "Completed"), "one")

    assert (stage["machine"], stage.get("failures", 0)) == (home, 0)
    assert witness.copies("off") == 1
    assert "OrphanRecovered" in {event["reason"] for event in space.events_of("off")}
    measured.ended("Completed, attempt 2", witness.copies("off"))


@pytest.mark.fault("node lost for good, its stages fence themselves")
@pytest.mark.long("90 s of silence prove it")
def test_its_silence_proves_the_end_of_what_fences_itself(
    space: Space, witness: Witness, server: Machine, home: str, measured: Measured
) -> None:
    fenced = witness.stage("one", 60, contract="Mark", **falling_back(server.key, home))
    space.apply(run_of("silent", fenced))
    witness.wait_until_heard("silent")
    server.lose_power()
    measured.begins()
    measured.seen(space, "silent", stage_is("one", reason="NodeLost", attempt=1), 90)
    space.wait_for("silent", stage_is("one", state="Running", attempt=2), 300)
    measured.goes_on()
    stage = stage_in(space.wait_for_end("silent", "Completed"), "one")

    assert stage.get("failures", 0) == 0
    assert witness.copies("silent") == 1
    measured.ended("Completed, attempt 2", witness.copies("silent"))
