"""The API service is away while runs go on: nobody waits for it, and afterwards all is remembered.

With the service goes its database. tests/operator/test_history_outages.py has the databases' own
outages. The stages need nothing of the service: their exit codes decide.
"""

import json
from collections.abc import Generator

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.release import Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import eventually, stage_is

pytestmark = [
    pytest.mark.alone("it takes the API service away", touches="release"),
    pytest.mark.long("tests/operator/test_history_outages.py does it under load in little time"),
]

RUNS = tuple(f"unheard-{number}" for number in range(6))
STAGES = ("first", "fails_once", "last")


@pytest.fixture(autouse=True)
def _running_again(release: Release) -> Generator[None]:
    yield
    release.start_service()
    release.wait_until_ready()


def stages() -> list[Document]:
    """The second one fails at its first attempt."""
    fails = '[ "$STAGEWORK_ATTEMPT" != 1 ]'
    again = {"retries": 2, "backoffSeconds": 1}
    return [shell("first", "sleep 2"), shell("fails_once", fails, **again), shell("last")]


def remembered(space: Space, *words: str) -> Document | list[Document]:
    """What `stagework history` answers; nothing while the service is not up yet."""
    answer = space.stagework("history", *words, "-o", "json")
    return json.loads(answer.out) if answer.ok else []


def test_runs_end_while_the_service_is_away_and_every_attempt_is_remembered_afterwards(
    space: Space, release: Release
) -> None:
    space.apply(*(run_of(name, *stages()) for name in RUNS))
    space.wait_for(RUNS[0], stage_is("first", state="Running"))
    release.stop_service()
    for name in RUNS:
        space.wait_for_end(name, "Completed")
    release.start_service()
    release.wait_until_ready()
    for name in RUNS:
        told = eventually(
            lambda name=name: remembered(space, name),
            lambda told: isinstance(told, dict) and told["run"]["ended"] is not None,
            seconds=WAIT_SECONDS,
            otherwise=lambda name=name: f"{name} is not remembered: {remembered(space, name)}",
        )
        assert isinstance(told, dict)
        assert told["run"]["state"] == "Completed"
        outcomes = {(a["stage"], a["attempt"]): a["outcome"] for a in told["attempts"]}
        assert outcomes == {
            ("first", 1): "Succeeded",
            ("fails_once", 1): "Failed",
            ("fails_once", 2): "Succeeded",
            ("last", 1): "Succeeded",
        }
        assert all(a["queued"] and a["ended"] for a in told["attempts"])
