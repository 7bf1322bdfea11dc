"""What a run did is remembered when its object is gone, and what has failed can be asked for."""

import json

from tests.support.cluster.commands import Document
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import eventually


def test_a_run_that_is_gone_is_remembered_with_its_stages(space: Space) -> None:
    space.apply(
        run_of("gone", shell("one"), shell("two", "exit 7"), ttlSecondsAfterFinished=0),
        run_of("stays", shell("only", "exit 3"), title="A run that failed"),
    )
    eventually(
        lambda: space.is_gone("gone"),
        bool,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"it does not go:\n{space.story_of('gone')}",
    )
    # It went once history had it: nothing is to be waited for.
    told: Document = json.loads(space.stagework("history", "gone", "-o", "json").out)
    assert told["run"]["state"] == "StageFailed"
    outcomes = {a["stage"]: (a["outcome"], a["exitCode"]) for a in told["attempts"]}
    assert outcomes["two"] == ("Failed", 7)
    assert outcomes["one"][0] == "Succeeded"

    space.wait_for_end("stays", "StageFailed")
    failed = eventually(
        lambda: json.loads(space.stagework("status", "--failed", "-o", "json").out),
        lambda stages: len(stages) >= 2,
        seconds=WAIT_SECONDS,
        otherwise=lambda: space.stagework("status", "--failed").printed,
    )
    named = {stage["run"]: stage for stage in failed}
    assert (named["stays"]["stage"], named["stays"]["title"]) == ("only", "A run that failed")
    listed = space.stagework("history").out
    assert "gone" in listed
    assert "stays" in listed
