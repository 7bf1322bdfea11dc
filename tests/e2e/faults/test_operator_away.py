"""The operator is away for ten minutes while stages end, fail and are deleted."""

import time

import pytest

from tests.support.cluster.measured import Measured
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("operator away for 10 min"),
    pytest.mark.alone("it stops the operator", touches="operator"),
    pytest.mark.long("ten minutes without it; test_operator_killed.py is its short one"),
    pytest.mark.timeout(1800),
]
AWAY_SECONDS = 600


def test_what_happened_meanwhile_is_found_and_nothing_runs_twice(
    space: Space, witness: Witness, release: Release, measured: Measured
) -> None:
    space.apply(
        run_of("ends", witness.stage("one", 60), shell("two")),
        run_of("fails", witness.stage("one", 60, exit_code=3)),
        run_of("removed", witness.stage("one", 60)),
        run_of("lasts", witness.stage("one", AWAY_SECONDS + 60)),
    )
    for name in ("ends", "fails", "removed", "lasts"):
        space.wait_for(name, stage_is("one", state="Running"))
        witness.wait_until_heard(name)
    release.stop_operator()
    try:
        away = time.monotonic()
        pod = space.pod_of("removed", "one")["metadata"]["name"]
        space.kubectl("delete", "pod", pod, "--wait=false")
        time.sleep(max(0.0, away + AWAY_SECONDS - time.monotonic()))  # the fault itself
    finally:
        release.start_operator()
    measured.heals()
    measured.seen(space, "ends", stage_is("one", state="Succeeded"), 120)
    space.wait_for_end("ends", "Completed")
    measured.goes_on()
    run = space.wait_for_end("fails", "StageFailed")
    assert stage_in(run, "one")["exitCode"] == 3

    assert stage_in(space.wait_for_end("removed", "Completed", 600), "one")["attempt"] == 2
    assert stage_in(space.wait_for_end("lasts", "Completed", 600), "one")["attempt"] == 1
    copies = max(witness.copies(name) for name in ("ends", "fails", "removed", "lasts"))
    assert copies == 1
    measured.ended("each as it had ended", copies)
