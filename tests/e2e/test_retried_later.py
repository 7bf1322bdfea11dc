"""Long after its end a run is retried: its Jobs and Pods are gone, and its status is enough.

The operator keeps no more of such a run than its name, and reads it again when somebody asks; its
own count of requests shows that. What ran is in a journal that the operator cannot write to.
"""

import time
from itertools import count

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.journal import CLAIM, JOURNAL, assert_written_once, journaled, lines_in
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import retry, run_of, shell, wrapped
from tests.support.cluster.waiting import eventually, stage_in

pytestmark = [
    pytest.mark.alone("it restarts the operator, and counts what that reads", touches="operator"),
    pytest.mark.long("tests/operator/test_finished_runs.py does it in no time"),
]

STAGES = ("one", "two", "three")
FAILS_ONCE = '[ "$STAGEWORK_ATTEMPT" -ge 2 ] && cat in/one/number'
CALM_SECONDS = 5
"""Longer than a status may wait to be written."""
passers_by = count(1)


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space, release: Release) -> object:
    """Two runs that have failed; whatever happens to the operator, it runs afterwards."""
    space.apply(CLAIM, story("kept"), story("kept-by-none"))
    yield
    release.start_operator()
    release.wait_until_ready()


def story(name: str) -> Document:
    """Its second stage fails at the first attempt, and reads what the first one has made."""
    return run_of(
        name,
        witnessed("one", "mkdir -p out && echo 1 > out/number"),
        witnessed("two", FAILS_ONCE),
        witnessed("three", "true"),
    )


def witnessed(name: str, script: str) -> Document:
    """A stage that leaves two lines in the journal and then does something."""
    return wrapped(name, f"{journaled('true')}; {script}", volumes=[JOURNAL], runsOn=["gpu"])


def test_a_run_of_which_only_the_status_is_left_goes_on(space: Space, release: Release) -> None:
    space.wait_for_end("kept", "StageFailed")
    clear_away(space, "kept")
    see_somebody_pass(space, release)
    assert attempts_after_retry(space, release, "kept") == [1, 2, 1]

    # Of a stage that had succeeded everything below runs again, and nothing above.
    clear_away(space, "kept")
    see_somebody_pass(space, release)
    assert attempts_after_retry(space, release, "kept", "two") == [1, 3, 2]
    assert_each_attempt_ran_once(space, "kept")


def test_so_it_does_under_an_operator_that_never_saw_it_run(space: Space, release: Release) -> None:
    space.wait_for_end("kept-by-none", "StageFailed")
    clear_away(space, "kept-by-none")
    release.restart_operator()
    see_somebody_pass(space, release)
    assert attempts_after_retry(space, release, "kept-by-none") == [1, 2, 1]

    clear_away(space, "kept-by-none")
    release.restart_operator()
    see_somebody_pass(space, release)
    assert attempts_after_retry(space, release, "kept-by-none", "two") == [1, 3, 2]
    assert_each_attempt_ran_once(space, "kept-by-none")


def clear_away(space: Space, name: str) -> None:
    """Delete its Jobs, as the operator does an hour after the end; their Pods go with them."""
    space.kubectl("delete", "job", *(job["metadata"]["name"] for job in space.jobs_of(name)))
    eventually(
        lambda: [*space.jobs_of(name), *space.pods_of(name)],
        lambda left: not left,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"Jobs or Pods of {name} stay",
    )


def see_somebody_pass(space: Space, release: Release) -> None:
    """A run from begin to end, and then nothing: the operator has dealt with all that it heard.

    Just after a restart it still goes through the runs that have ended, one after the other.
    """
    name = f"passer-by-{next(passers_by)}"
    space.apply(run_of(name, shell("one")))
    space.wait_for_end(name, "Completed")
    eventually(
        lambda: (reconciles(release), time.sleep(CALM_SECONDS), reconciles(release)),
        lambda counts: counts[0] == counts[2],
        seconds=WAIT_SECONDS,
        otherwise=lambda: "the operator does not come to rest",
    )


def reconciles(release: Release) -> str:
    """How often the operator has reconciled anything, as it says."""
    wanted = "stagework_reconcile_duration_seconds_count "
    (line,) = (x for x in release.scrape(9090, "metrics").splitlines() if x.startswith(wanted))
    return line


def attempts_after_retry(space: Space, release: Release, name: str, *stages: str) -> list[int]:
    """Retry it; the attempts at which its stages stand at its end."""
    before = runs_read(release)
    answer = space.answer_to(space.create(retry(name, *stages, by=space.commands.me())))
    assert (answer["affected"], answer["summary"]) == (1, "Done")
    assert runs_read(release) > before, "the operator had it in its memory"
    run = space.wait_for_end(name, "Completed")
    return [stage_in(run, stage)["attempt"] for stage in STAGES]


def runs_read(release: Release) -> float:
    """How often the operator has read runs; it lists all of them about once a minute, too."""
    labels = '{resource="pipelinejobs",status="200",verb="GET"}'
    wanted = f"stagework_api_request_duration_seconds_count{labels} "
    lines = release.scrape(9090, "metrics").splitlines()
    return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))


def assert_each_attempt_ran_once(space: Space, name: str) -> None:
    attempts = ("one 1", "two 1", "two 2", "three 1", "two 3", "three 2")
    assert_written_once(lines_in(space, f"{name}-journal"), name, *attempts)
