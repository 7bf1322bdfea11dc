"""A run is deleted and made again under its name at once: neither takes the other's for its own."""

import pytest

from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of
from tests.support.cluster.waiting import stage_in
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("run deleted and made again under its name"),
    pytest.mark.long("a minute"),
]


def test_the_second_has_its_own_pod_and_the_first_one_s_is_ended(
    space: Space, witness: Witness, measured: Measured
) -> None:
    document = run_of("again", witness.stage("one", 30))
    space.apply(document)
    witness.wait_until_heard("again")
    first = space.run("again")["metadata"]["uid"]
    space.kubectl("delete", "pj", "again", "--wait=true")
    measured.begins()
    space.apply(document)
    run = space.wait_for_end("again", "Completed")
    measured.goes_on()

    assert run["metadata"]["uid"] != first
    (begun, second) = witness.pods_of("again")
    assert stage_in(run, "one")["attempt"] == 1
    assert begun != second
    assert space.pods_of_uid(first) == []
    measured.ended("Completed, attempt 1 of the second", witness.copies("again"))
