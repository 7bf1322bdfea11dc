"""What cannot start holds no machine: it says why, and whoever waits behind it starts."""

import pytest

from tests.e2e.conftest import namespace
from tests.support.cluster.api import Api
from tests.support.cluster.commands import Commands
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell, skip
from tests.support.cluster.waiting import Condition, stage_in, stage_is, summary

pytestmark = pytest.mark.alone(
    "it fills the only slot of the MacBook, and counts who waits for it", touches="nodes"
)

MACBOOK = ["macbook"]
"""One node with one slot."""
GRACE_SECONDS = 30


def test_a_typo_in_an_image_name_gives_its_slot_to_the_run_behind_it(space: Space) -> None:
    typo = {**shell("one", runsOn=MACBOOK), "image": "registry.invalid/team/toool:1"}
    space.apply(run_of("typo", typo))
    space.wait_for("typo", stage_is("one", state="Starting"))
    space.apply(run_of("good", shell("one", runsOn=MACBOOK)))

    space.wait_for_end("good", "Completed", seconds=GRACE_SECONDS + 60)

    stuck = space.wait_for("typo", summary("Stuck"))
    one = stage_in(stuck, "one")
    assert one["state"] == "Stuck"
    assert one["reason"] in {"ErrImagePull", "ImagePullBackOff"}
    assert stuck["status"]["message"].startswith("one is stuck: ")
    columns = space.kubectl("get", "pj", "typo", "--no-headers").out.split()
    assert columns[1] == "Stuck"


@pytest.mark.parametrize("command", ["pythn3", "/etc/passwd"], ids=["not found", "not executable"])
def test_a_command_that_cannot_be_started_fails_at_once(space: Space, command: str) -> None:
    name = f"no-command-{len(command)}"
    space.apply(run_of(name, {**shell("one", retries=3), "command": [command]}))

    run = space.wait_for_end(name, "StageFailed", seconds=60)

    one = stage_in(run, "one")
    assert (one["attempt"], one["reason"]) == (1, "StartError")
    assert command in one["message"]


def test_a_name_that_no_image_can_have_is_refused_at_once(space: Space) -> None:
    stage = {**shell("one", retries=3), "image": "Registry.example.org/Team/Tool:1"}

    answer = space.create(run_of("upper", stage))

    assert not answer.ok
    assert "in lower case and without spaces" in answer.err


def test_who_waits_is_said_who_holds(space: Space) -> None:
    space.apply(run_of("holder", shell("overlay", HOLD, runsOn=MACBOOK)))
    space.wait_for("holder", stage_is("overlay", state="Running"))
    space.apply(run_of("waits", shell("one", runsOn=MACBOOK)))

    told = Condition(
        "who holds",
        lambda run: "1 of 1 taken by holder (overlay, " in stage_in(run, "one").get("message", ""),
    )
    run = space.wait_for("waits", told, seconds=30)

    assert "waits for a macbook slot: 1st of 1" in stage_in(run, "one")["message"]
    assert f"{space.namespace}/holder (overlay, " in space.stagework("status", "waits").out
    space.answer_to(space.create(skip("holder", "overlay", by=space.commands.me())))
    space.wait_for_end("waits", "Completed")


def test_slots_go_round_two_namespaces(space: Space, api: Api, commands: Commands) -> None:
    many = [f"many-{number}" for number in range(4)]
    space.apply(*(run_of(name, shell("one", "sleep 5", runsOn=MACBOOK)) for name in many))
    space.wait_for("many-0", stage_is("one", state="Running"))
    with namespace("quiet", api, commands) as quiet:
        quiet.apply(run_of("quiet", shell("one", runsOn=MACBOOK)))
        own = quiet.wait_for_end("quiet", "Completed")
    ends = [space.wait_for_end(name, "Completed") for name in many]

    began = stage_in(own, "one")["startTime"]
    earlier = [run for run in ends if stage_in(run, "one")["startTime"] < began]
    assert len(earlier) <= 2, "the one that ran, and the one whose turn had come"
