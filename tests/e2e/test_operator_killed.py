"""The operator dies in the middle of the work: no stage is started twice, and none is lost.

Two witnesses that the operator cannot write to: a journal on a volume, to which every stage's
process adds a line when it begins and when it ends; and the kubelets' own events.
"""

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.journal import CLAIM, JOURNAL, assert_written_once, journaled, lines_in
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space, container_state
from tests.support.cluster.stages import run_of, wrapped
from tests.support.cluster.waiting import eventually, stage_is

pytestmark = pytest.mark.alone("it kills and stops the operator", touches="operator")

STAGES = ("first", "left", "right", "join", "last")


def witnessed(name: str, seconds: int, **fields: object) -> Document:
    """A stage that takes some seconds and leaves two lines in the journal."""
    script = journaled(f"sleep {seconds}; mkdir -p out && echo done > out/{name}.txt")
    return wrapped(name, script, volumes=[JOURNAL], runsOn=["gpu"], **fields)


@pytest.fixture(scope="module", autouse=True)
def running_again(release: Release) -> object:
    """Whatever happens in this story, the operator runs afterwards."""
    yield
    release.start_operator()
    release.wait_until_ready()


def assert_each_ran_once(space: Space, name: str, stages: tuple[str, ...]) -> None:
    for stage in stages:
        status = space.stage_of(name, stage)
        assert (status["state"], status.get("attempt", 1)) == ("Succeeded", 1), status
        assert len(space.container_starts(f"{name}-{stage}-")) == 1, stage
    lines = lines_in(space, f"{name}-journal")
    assert_written_once(lines, name, *(f"{stage} 1" for stage in stages))


def test_no_stage_is_doubled_or_lost_when_the_operator_is_killed_twice(
    space: Space, release: Release
) -> None:
    space.apply(
        CLAIM,
        run_of(
            "survivor",
            witnessed("first", 4),
            witnessed("left", 5),
            witnessed("right", 5, dependsOn=["first"]),
            witnessed("join", 3, dependsOn=["left", "right"]),
            witnessed("last", 1),
        ),
    )
    space.wait_for_container("survivor", "first", "running")
    release.delete_operator()
    space.wait_for_container("survivor", "left", "running")
    release.kill_operator()
    space.wait_for_end("survivor", "Completed")
    assert_each_ran_once(space, "survivor", STAGES)
    assert space.run("survivor")["status"]["retries"] == 0


def test_a_result_counts_although_its_pod_and_job_vanished_unseen(
    space: Space, release: Release
) -> None:
    space.apply(run_of("unseen", witnessed("one", 4), witnessed("two", 0)))
    space.wait_for("unseen", stage_is("one", state="Running"))
    release.stop_operator()
    pod = space.wait_for_container("unseen", "one", "terminated")
    assert container_state(pod)["terminated"]["exitCode"] == 0
    space.kubectl("delete", "job", space.stage_of("unseen", "one")["job"])
    eventually(
        lambda: space.pods_of("unseen", "one"),
        lambda pods: not pods,
        seconds=WAIT_SECONDS,
        otherwise=lambda: "the Pod stays although its Job was deleted",
    )
    release.start_operator()
    space.wait_for_end("unseen", "Completed")
    assert_each_ran_once(space, "unseen", ("one", "two"))
