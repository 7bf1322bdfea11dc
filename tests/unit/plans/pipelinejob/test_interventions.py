"""What people ask of a run is carried out once, noted with its effect, and answered once."""

from datetime import datetime
from typing import Any

import pytest

from stagework.api.intervention import Intervention, InterventionStatus, RefusedStage
from stagework.api.kinds import INTERVENTION
from stagework.api.resources import PODS
from stagework.api.stage_status import StageStatus
from stagework.plans.interventions import KEPT, refuse_all
from stagework.plans.plan import Answer
from tests.support.builders import (
    T0,
    World,
    after,
    answers,
    deleted,
    line_of,
    make_intervention,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
)

FAILED = [
    make_status("stage_1", "Succeeded", commit={"attempt": 1}),
    make_status("stage_2", "Failed", attempt=3, failures=3, reason="NonZeroExit", pod="p"),
    make_status("stage_3", "NotRun", reason="UpstreamFailed"),
]


def _world(*requests: Intervention, states: list[StageStatus] | None = None, **more: Any) -> World:
    return World(stages=line_of(3), states=states or FAILED, interventions=requests, **more)


def _after(world: World, now: datetime = T0) -> dict[str, StageStatus]:
    return world.stages_after(now)


def test_a_retry_makes_a_new_attempt_and_renews_the_budget_never_the_numbers() -> None:
    world = _world(make_intervention("Retry", "stage_2"))

    stages = _after(world)

    assert (stages["stage_2"].state, stages["stage_2"].attempt) == ("Starting", 4)
    assert (stages["stage_2"].failures, stages["stage_2"].interruptions) == (0, 0)
    assert stages["stage_2"].pod == ""
    assert stages["stage_3"].state == "Waiting"
    assert stages["stage_1"].state == "Succeeded"


def test_a_retry_of_a_finished_run_makes_it_active_again() -> None:
    world = _world(make_intervention("Retry", "stage_2"), status={"completionTime": T0})

    plan = world.plan(after(60))

    assert plan.status is not None
    assert (plan.status.summary, plan.status.completionTime) == ("Starting", None)
    assert plan.urgent


def test_effect_and_note_are_written_together_before_the_answer() -> None:
    plan = _world(make_intervention("Retry", "stage_2", uid="iv-7")).plan()

    assert plan.status is not None
    assert plan.urgent
    assert [(n.uid, n.affected) for n in plan.status.answered] == [("iv-7", 1)]
    (answer,) = answers(plan)
    assert (answer.summary, answer.requested, answer.affected) == ("Done", 1, 1)
    assert not any(isinstance(action, Answer) for action in plan.actions)


def test_after_a_crash_between_effect_and_answer_only_the_answer_follows() -> None:
    request = make_intervention("Retry", "stage_2", "stage_9", uid="iv-7")
    before = _world(request)
    status = before.plan().status
    assert status is not None
    world = _world(
        request,
        states=list(status.stages),
        status={"answered": [n.model_dump() for n in status.answered]},
    )

    plan = world.plan(after(1))

    (answer,) = answers(plan)
    assert (answer.summary, answer.affected) == ("PartlyDone", 1)
    assert answer.refused == [RefusedStage(stage="stage_9", reason="UnknownStage")]
    assert world.stages_after(after(1))["stage_2"].attempt == 4, "not once more"


def test_a_refused_request_changes_nothing_and_says_why() -> None:
    plan = _world(make_intervention("Retry", "stage_1", attempt=9)).plan()

    (answer,) = answers(plan)
    assert (answer.summary, answer.affected, answer.requested) == ("Refused", 0, 1)
    assert answer.refused == [RefusedStage(stage="stage_1", reason="StaleAttempt")]
    assert plan.events == () or all(e.reason != "InterventionAnswered" for e in plan.events)
    assert plan.status is None or plan.status.answered == []


def test_a_request_for_another_run_of_the_same_name_is_refused() -> None:
    plan = _world(make_intervention("Retry", "stage_2", target_uid="an earlier run")).plan()

    assert answers(plan)[0].refused == [RefusedStage(stage="", reason="TargetReplaced")]


def test_requests_are_carried_out_in_the_order_given() -> None:
    retry = make_intervention("Retry", "stage_2", uid="1")
    again = make_intervention("Retry", "stage_2", uid="2", attempt=3)

    first, second = answers(_world(retry, again).plan())

    assert first.summary == "Done"
    assert second.refused == [RefusedStage(stage="stage_2", reason="StaleAttempt")]


def test_the_run_takes_ownership_of_a_request_that_has_no_owner() -> None:
    plain, owned = make_intervention(uid="1"), make_intervention(uid="2", owned=True)

    plan = _world(plain, owned).plan()

    assert [a.adopt for a in plan.afterwards if isinstance(a, Answer)] == [True, False]


def test_a_person_is_named_in_status_and_event() -> None:
    plan = _world(make_intervention("Skip", "stage_2")).plan()

    assert plan.status is not None
    stage = plan.status.stages[1]
    assert (stage.state, stage.reason) == ("Skipped", "SkippedByPerson")
    assert stage.message == "ops@example.org: font was missing"
    assert stage.skip is not None
    assert stage.skip.by == "ops@example.org"
    assert "Skip of stage_2, asked by ops@example.org" in [e.message for e in plan.events]


def test_a_skip_of_a_failed_stage_ends_the_run_well() -> None:
    plan = _world(make_intervention("Skip", "stage_2")).plan()

    assert plan.status is not None
    assert plan.status.summary == "CompletedWithSkips"
    last = plan.status.stages[2]
    assert (last.state, last.reason) == ("NotRun", "UpstreamSkipped")
    assert last.message == "stage_2 was skipped"


def test_a_skip_with_descendants_lets_them_run() -> None:
    world = _world(make_intervention("Skip", "stage_2", descendants="Run"))

    assert _after(world)["stage_3"].state == "Starting"


def _at_work(**changes: Any) -> World:
    job = make_job("stage_2")
    states = [
        FAILED[0],
        make_status("stage_2", "Running", pod=make_pod(job).metadata.uid, machine="gpu"),
        make_status("stage_3"),
    ]
    return _world(states=states, jobs=[job], pods=[running(make_pod(job))], **changes)


def test_a_skip_of_a_running_stage_records_it_before_the_pod_is_ended() -> None:
    world = _at_work().but(interventions=[make_intervention("Skip", "stage_2")])

    plan = world.plan()

    assert plan.status is not None
    stage = plan.status.stages[1]
    assert stage.state == "Running"
    assert stage.stopping is not None
    assert stage.stopping.reason == "SkippedByPerson"
    assert deleted(plan, PODS) == []


def test_a_retry_above_stops_what_runs_below_before_it_waits_again() -> None:
    world = _at_work().but(interventions=[make_intervention("Retry", "stage_1")])

    stages = world.stages_after()

    assert (stages["stage_1"].state, stages["stage_1"].attempt) == ("Waiting", 2)
    assert stages["stage_1"].reason == "NoFreeSlot", "its descendant still holds the slot"
    assert stages["stage_2"].stopping is not None
    assert stages["stage_2"].stopping.reason == "RetriedByPerson"
    assert stages["stage_3"].attempt == 1, "it had not been tried"


def test_only_so_many_requests_are_carried_out_at_once_that_no_note_is_lost() -> None:
    requests = [make_intervention("Retry", "stage_1", uid=f"iv-{n}") for n in range(KEPT + 5)]
    stages = [make_stage("stage_1")]
    done = [make_status("stage_1", "Succeeded", commit={"attempt": 1})]

    plan = World(stages=stages, states=done, interventions=requests).plan()

    assert len(answers(plan)) == KEPT
    assert plan.status is not None
    assert len(plan.status.answered) <= KEPT


def test_the_last_twenty_answers_of_a_run_are_kept() -> None:
    answered = InterventionStatus(answered=T0, summary="Done")
    requests = [make_intervention(uid=f"iv-{n:02}", status=answered) for n in range(KEPT + 2)]

    plan = _world(*requests).plan()

    assert deleted(plan, INTERVENTION.resource) == ["iv-00", "iv-01"]


def test_a_note_of_many_refusals_stays_short_and_readable() -> None:
    names = [f"s{'x' * 35}{n}" for n in range(60)]

    plan = _world(make_intervention("Retry", "stage_2", *names)).plan()

    assert plan.status is not None
    (note,) = plan.status.answered
    assert len(note.refused) <= 128
    assert all(pair.endswith("=UnknownStage") for pair in note.refused.split(","))


@pytest.mark.parametrize("verb", ["Retry", "Skip"])
def test_requests_for_a_run_that_is_not_there_are_refused(verb: str) -> None:
    done = make_intervention(verb, uid="2", status=InterventionStatus(answered=T0))

    (answer,) = refuse_all((make_intervention(verb, uid="1"), done), "TargetNotFound", T0)

    assert answer.intervention.uid == "1"
    assert answer.status.refused == [RefusedStage(stage="", reason="TargetNotFound")]
    assert answer.status.summary == "Refused"


@pytest.mark.parametrize("end", ["나", "다"])
def test_of_a_long_name_of_who_skips_both_ends_are_kept_in_every_script(end: str) -> None:
    request = make_intervention("Skip", "stage_2", requestedBy="가" * 128 + end * 64)

    record = _after(_world(request))["stage_2"].skip

    assert record is not None
    assert record.by == f"{'가' * 20} … {end * 20}"
