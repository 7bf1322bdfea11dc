"""The operator is killed again and again, each time at one of its writes, and nothing comes of it.

A sample of the crash points, on the real cluster; tests/operator/test_every_write.py tries all of
them on the fake one. The witness is the stages' journal. The run has a fork, a stage that fails
once, and a stage that a person skips.
"""

from collections.abc import Generator

import pytest
import yaml

from tests.support.cluster.commands import RELEASE_NAMESPACE, Document
from tests.support.cluster.journal import CLAIM, JOURNAL, assert_written_once, journaled, lines_in
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell, skip
from tests.support.operators.crashing import Crashing, Place, Point, crashing_operator
from tests.support.recorded import stages_of

pytestmark = [
    pytest.mark.alone("it puts an operator of its own in its place", touches="operator"),
    pytest.mark.long("tests/operator/test_every_write.py tries all points in little time"),
]

BEFORE, AFTER = "before it is sent", "after it is committed"
POINTS = (
    Point("PATCH pipelinejobs/status", 1, AFTER),  # the run is accepted
    Point("POST jobs", 1, BEFORE),
    Point("POST jobs", 3, AFTER),
    Point("PATCH pods", 1, AFTER),  # a gate is removed
    Point("PATCH interventions/status", 1, AFTER),
    Point("PATCH pods", 3, BEFORE),
    Point("PATCH pipelinejobs/status", 5, BEFORE),
    Point("PATCH pipelinejobs/status", 8, AFTER),
)
ATTEMPTS = ("fork 1", "left 1", "left 2", "join 1", "last 1")
"""What is to be in the journal of a run, each once."""


def witnessed(name: str, code: str = "0", **fields: object) -> Document:
    """A stage that leaves two lines in the journal."""
    script = f"{journaled('sleep 0.5')}; exit {code}"
    return shell(name, script, volumes=[JOURNAL], runsOn=["gpu"], **fields)


def story(name: str) -> Document:
    """fork -> left (fails once), right (skipped by a person) -> join -> last."""
    failing_once = "$((2 - STAGEWORK_ATTEMPT))"
    return run_of(
        name,
        witnessed("fork"),
        witnessed("left", failing_once, retries=1, backoffSeconds=0),
        witnessed("right", dependsOn=["fork"]),
        witnessed("join", dependsOn=["left", "right"]),
        witnessed("last"),
    )


def begin(space: Space, name: str) -> None:
    """The run, and the person who wants no `right`."""
    space.apply(story(name))
    asked = skip(name, "right", by=space.commands.me(), descendants="Run")
    assert space.create(asked).ok


def outcome(space: Space, name: str) -> Document:
    """What must not depend on when the operator died."""
    run = space.run(name)
    status = run["status"]
    kept = ("state", "attempt", "failures", "interruptions", "machine", "reason")
    return {
        "summary": status["summary"],
        "progress": status["progress"],
        "retries": status["retries"],
        "conditions": {
            condition["type"]: condition["status"] for condition in status["conditions"]
        },
        "stages": {
            stage["name"]: [*(stage.get(key) for key in kept), "commit" in stage]
            for stage in stages_of(run)
        },
    }


@pytest.fixture(scope="module")
def faultless(space: Space, release: Release) -> Document:
    """The outcome of the same run under the operator of the release."""
    space.apply(CLAIM)
    begin(space, "calm")
    space.wait_for_end("calm", "CompletedWithSkips")
    return outcome(space, "calm")


@pytest.fixture(scope="module")
def crashed(
    faultless: Document, space: Space, release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Crashing]:
    """The run `stormy` at its end; afterwards the operator of the release works again."""
    settings = yaml.safe_load(release.settings())
    place = Place(
        upstream=f"http://127.0.0.1:{release.api.port}",
        user=f"system:serviceaccount:{RELEASE_NAMESPACE}:stagework-operator",
        release_namespace=RELEASE_NAMESPACE,
        namespace=space.namespace,
    )
    release.stop_operator()
    try:
        with crashing_operator(tmp_path_factory.mktemp("op"), settings, place, POINTS) as crashing:
            begin(space, "stormy")
            space.wait_for_end("stormy", "CompletedWithSkips")
            yield crashing
    finally:
        release.start_operator()
        release.wait_until_ready()


def test_every_chosen_crash_point_was_reached(crashed: Crashing) -> None:
    assert sorted(crashed.hits, key=repr) == sorted(POINTS, key=repr), crashed.writes


def test_the_end_is_that_of_a_run_without_faults(
    crashed: Crashing, faultless: Document, space: Space
) -> None:
    assert outcome(space, "stormy") == faultless


@pytest.mark.usefixtures("crashed")
def test_no_attempt_ran_twice_and_none_was_lost(space: Space) -> None:
    lines = lines_in(space, "reader")
    for run in ("calm", "stormy"):
        assert_written_once(lines, run, *ATTEMPTS)
