"""A stage's Job is deleted, with its Pods or without them: no second process beside the first."""

import pytest

from tests.support.cluster.measured import Measured
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of
from tests.support.cluster.waiting import ended, is_missed_or_again, stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = pytest.mark.long("minutes, one after the other")


def delete_job(space: Space, name: str, cascade: str) -> None:
    job = space.stage_of(name, "one")["job"]
    space.kubectl("delete", "job", job, f"--cascade={cascade}", "--wait=false")


@pytest.mark.fault("Job deleted,")
@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_with_its_pods_it_is_begun_anew(
    space: Space, witness: Witness, measured: Measured, cascade: str
) -> None:
    space.apply(run_of(cascade, witness.stage("one", 20)))
    witness.wait_until_heard(cascade)
    space.wait_for(cascade, stage_is("one", state="Running"))
    delete_job(space, cascade, cascade)
    measured.begins()
    measured.seen(space, cascade, is_missed_or_again("one"), 60)
    space.wait_for(cascade, stage_is("one", state="Running", attempt=2), 240)
    measured.goes_on()

    stage = stage_in(space.wait_for_end(cascade, "Completed"), "one")
    assert stage.get("failures", 0) == 0
    assert witness.copies(cascade) == 1
    measured.ended("Completed, attempt 2", witness.copies(cascade))


@pytest.mark.fault("Job deleted without its Pods")
def test_without_its_pods_what_runs_ends_or_is_begun_anew_once_it_has(
    space: Space, witness: Witness, measured: Measured
) -> None:
    space.apply(run_of("left", witness.stage("one", 30)))
    witness.wait_until_heard("left")
    space.wait_for("left", stage_is("one", state="Running"))
    delete_job(space, "left", "orphan")
    measured.begins()
    run = space.wait_for("left", ended(), 400)
    measured.goes_on()

    stage = stage_in(run, "one")
    assert run["status"]["summary"] == "Completed", space.story_of("left")
    assert witness.copies("left") == 1
    measured.ended(f"Completed, attempt {stage['attempt']}", witness.copies("left"))
