"""Which slots does a run hold, and which does it want?"""

from typing import Any

import pytest

from stagework.policies.slots import SlotRequest
from tests.support.builders import (
    World,
    after,
    line_of,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    running,
    waiting_for,
)

ONE = World(stages=[make_stage("a")], states=[make_status("a")])


def _requests(world: World, seconds: float = 0) -> tuple[SlotRequest, ...]:
    return world.evaluated(after(seconds)).slot_requests


def test_a_stage_that_may_start_wants_a_slot_of_its_class() -> None:
    (request,) = _requests(ONE)

    assert (request.stage, request.classes, request.holds) == ("a", ("gpu",), "")


def test_only_stages_whose_turn_may_come_want_one() -> None:
    world = World(stages=line_of(3), states=[make_status(f"stage_{n}") for n in (1, 2, 3)])

    assert [request.stage for request in _requests(world)] == ["stage_1"]


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(ONE.but(spec={"suspend": True}), id="suspended"),
        pytest.param(
            ONE.but(states=[make_status("a", notBeforeTime=after(1))]), id="in its back-off"
        ),
        pytest.param(
            ONE.but(states=[make_status("a", "Succeeded", commit={"attempt": 1})]), id="done"
        ),
        pytest.param(ONE.but(states=[make_status("a", "Failed")]), id="failed"),
        pytest.param(ONE.but(nodes=[]), id="no node of its class"),
        pytest.param(
            ONE.but(
                states=[make_status("a", "Starting", stopping={"reason": "TimedOut"})],
                jobs=[make_job("a")],
                pods=[make_pod(make_job("a"))],
            ),
            id="to be ended",
        ),
    ],
)
def test_a_stage_that_may_not_start_wants_none(world: World) -> None:
    assert _requests(world) == ()


def test_at_the_end_of_its_back_off_it_wants_one_again() -> None:
    world = ONE.but(states=[make_status("a", attempt=2, notBeforeTime=after(10))])

    assert [request.stage for request in _requests(world, 10)] == ["a"]


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "not recorded yet"])
def test_a_pod_that_is_out_holds_the_slot_of_the_class_that_it_was_given(*, recorded: bool) -> None:
    job = make_job("a")
    pod = running(make_pod(job))
    states = [make_status("a", "Running", pod=pod.metadata.uid if recorded else "")]

    (request,) = _requests(ONE.but(states=states, jobs=[job], pods=[pod]))

    assert (request.holds, request.free) == ("gpu", False)


@pytest.mark.parametrize(
    "nodes",
    [[make_node("gpu-0", ready=False)], [make_node("macmini-0", "macmini")]],
    ids=["not ready", "gone"],
)
def test_an_attempt_on_a_node_that_is_away_holds_none(nodes: list[Any]) -> None:
    job = make_job("a")
    world = ONE.but(jobs=[job], pods=[running(make_pod(job))], nodes=nodes)

    (request,) = _requests(world)

    assert (request.holds, request.free) == ("gpu", True)


def test_a_stage_whose_pod_is_lost_still_holds_its_slot() -> None:
    state = make_status("a", "Running", pod="gone", node="gpu-0", machine="gpu", reason="PodLost")

    (request,) = _requests(ONE.but(states=[state]))

    assert request.holds == "gpu"


def test_priority_then_begun_then_age_make_the_order() -> None:
    plain = _requests(ONE)[0].order
    urgent = _requests(ONE.but(spec={"priority": 7}))[0].order
    begun = _requests(ONE.but(states=[make_status("a", attempt=2)]))[0].order

    assert urgent < begun < plain


def test_what_waits_for_its_image_holds_its_slot_too() -> None:
    job = make_job("a")
    pod = waiting_for(make_pod(job), "ImagePullBackOff")

    (request,) = _requests(ONE.but(jobs=[job], pods=[pod]))

    assert request.holds == "gpu"
