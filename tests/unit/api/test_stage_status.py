"""What may be said of a stage's state has one meaning, and its changes are typed."""

from typing import get_type_hints

import pytest
from pydantic import BaseModel

from stagework.api.conditions import Condition, ConditionChanges
from stagework.api.pipelinejob import PipelineJobStatus, RunChanges
from stagework.api.stage_status import (
    Commit,
    StageChanges,
    StageStatus,
)
from tests.support.builders import T0, make_status


@pytest.mark.parametrize(
    ("state", "done", "ended", "active", "waiting"),
    [
        ("Waiting", False, False, False, True),
        ("Deferred", False, False, False, True),
        ("Starting", False, False, True, False),
        ("Away", False, False, True, False),
        ("Running", False, False, True, False),
        ("Succeeded", True, True, False, False),
        ("Skipped", True, True, False, False),
        ("Failed", False, True, False, False),
        ("NotRun", False, True, False, False),
    ],
)
def test_every_state_has_its_place(
    state: str, *, done: bool, ended: bool, active: bool, waiting: bool
) -> None:
    stage = make_status(state=state)

    assert (stage.done, stage.ended, stage.active, stage.waiting) == (done, ended, active, waiting)


@pytest.mark.parametrize(
    ("state", "reason", "cut"),
    [
        ("NotRun", "DeadlineExceeded", True),
        ("NotRun", "UpstreamFailed", False),
        ("Failed", "DeadlineExceeded", True),
        ("Failed", "TimedOut", False),
        ("Running", "DeadlineExceeded", False),
        ("NotRun", "StoppedByPerson", True),
    ],
)
def test_what_was_ended_with_its_run_is_known_by_its_reason(
    state: str, reason: str, *, cut: bool
) -> None:
    assert make_status(state=state, reason=reason).stopped is cut


def test_where_artifacts_are_is_said_by_the_run_and_the_winning_pod() -> None:
    commit = Commit(attempt=2, pod="pod-1", prefix="another/run/x/1-y")

    assert commit.prefix_of("team", "run-1", "read-map_2") == "team/run-1/read-map_2/2-pod-1"


@pytest.mark.parametrize("reason", ["ResultLookup", "PodLost"])
def test_a_pod_is_missed_while_nobody_knows_what_became_of_it(reason: str) -> None:
    assert make_status(state="Running", reason=reason).pod_missed
    assert not make_status(state="Running").pod_missed


@pytest.mark.parametrize(
    ("state", "reason", "wants"),
    [
        ("Waiting", "NoFreeSlot", True),
        ("Waiting", "NoNodeOfClass", True),
        ("Deferred", "MachineAway", True),
        ("Deferred", "EndpointUnavailable", False),
        ("Waiting", "BackOff", False),
        ("Starting", "NoFreeSlot", False),
    ],
)
def test_some_waits_end_with_a_machine(state: str, reason: str, *, wants: bool) -> None:
    assert make_status(state=state, reason=reason).wants_machine is wants


@pytest.mark.parametrize(
    ("states", "done", "current"),
    [
        ([], 0, None),
        (["Succeeded", "Skipped", "Failed", "NotRun"], 2, "s2"),
        (["Succeeded", "Running", "Waiting"], 1, "s1"),
        (["Starting", "Running"], 0, "s1"),
        (["Failed", "Waiting"], 0, "s1"),
        (["Succeeded", "Skipped"], 2, "s1"),
    ],
    ids=["none", "over", "one runs", "running before starting", "what waits", "all done"],
)
def test_a_run_knows_how_many_stages_are_done_and_which_one_to_show(
    states: list[str], done: int, current: str | None
) -> None:
    stages = [make_status(f"s{number}", state) for number, state in enumerate(states)]
    status = PipelineJobStatus(stages=stages)

    assert status.done_count == done
    shown = status.current_stage
    assert (shown.name if shown is not None else None) == current


def test_of_stages_that_wait_the_first_is_shown_whose_turn_is_next() -> None:
    blocked = make_status("a", reason="DependenciesPending")
    due = make_status("b", reason="NoFreeSlot")

    assert PipelineJobStatus(stages=[blocked, due]).current_stage is due
    assert PipelineJobStatus(stages=[blocked]).current_stage is blocked


def test_a_verdict_is_pending_until_its_pod_has_ended() -> None:
    to_be_ended = make_status("b", "Running", stopping={"reason": "TimedOut"})

    assert PipelineJobStatus(stages=[make_status(), to_be_ended]).verdict_pending
    assert not PipelineJobStatus(stages=[make_status()]).verdict_pending


@pytest.mark.parametrize(
    ("changes", "model", "fixed"),
    [
        (StageChanges, StageStatus, {"name", "record"}),
        (RunChanges, PipelineJobStatus, set[str]()),
        (ConditionChanges, Condition, {"type", "status", "reason", "message"}),
    ],
)
def test_changes_name_the_fields_as_they_are(
    changes: type, model: type[BaseModel], fixed: set[str]
) -> None:
    assert set(get_type_hints(changes)) == set(model.model_fields) - fixed


def test_a_change_leaves_the_status_that_it_was_made_from_alone() -> None:
    before = make_status(attempt=2)

    then = before.evolve(state="Running", startTime=T0)

    assert (before.state, before.startTime) == ("Waiting", None)
    assert (then.state, then.startTime, then.attempt) == ("Running", T0, 2)
    assert then == make_status(state="Running", startTime=T0, attempt=2)
