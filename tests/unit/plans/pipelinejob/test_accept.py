"""First sight of a run: accepted, refused for good, or waiting for its Pipeline."""

from dataclasses import replace

import pytest

from stagework.api.conditions import find
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipeline import Param
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.resources import REVISIONS
from stagework.plans.pipelinejob.accept import unreadable
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import RunPlan
from stagework.plans.plan import Create
from tests.support.builders import (
    World,
    after,
    answers,
    deleted,
    line_of,
    make_intervention,
    make_pipeline,
    make_run,
    make_stage,
    make_status,
)


def _conditions(status: PipelineJobStatus | None) -> dict[str, tuple[str, str]]:
    assert status is not None
    return {c.type: (c.status, c.reason) for c in status.conditions}


def _again(plan: RunPlan, run: PipelineJob) -> PipelineJob:
    return run.model_copy(update={"status": plan.status})


def test_inline_stages_cannot_change_so_that_their_record_may_wait() -> None:
    plan = World(stages=line_of(3)).plan()

    assert plan.status is not None
    assert not plan.urgent
    assert [(s.name, s.state, s.reason) for s in plan.status.stages] == [
        ("stage_1", "Waiting", "Queued"),
        ("stage_2", "Waiting", "Queued"),
        ("stage_3", "Waiting", "Queued"),
    ]
    assert (plan.status.summary, plan.status.progress) == ("Queued", "0/3")
    assert plan.status.startTime == after(0)
    assert plan.status.observedGeneration == 1
    assert plan.actions == ()


def test_the_stages_of_a_pipeline_are_kept_before_anything_is_made() -> None:
    run = make_run(pipeline="ad-image")

    plan = World(run=run, pipeline=make_pipeline(*line_of(2))).plan()

    (kept,) = plan.actions
    assert isinstance(kept, Create)
    assert (kept.resource, kept.purpose) == (REVISIONS, None), "one that exists is as good"
    assert plan.urgent
    assert plan.status is not None
    assert plan.status.pipelineRevision == kept.name
    assert len(plan.status.stages) == 2


def test_a_run_that_cannot_start_is_refused_with_every_fault() -> None:
    pipeline = make_pipeline(make_stage(runsOn=["tpu"]), params=[Param(name="a", required=True)])

    plan = World(run=make_run(pipeline="ad-image"), pipeline=pipeline).plan()

    assert plan.status is not None
    assert plan.status.summary == "InvalidSpec"
    assert "params: a missing" in plan.status.message
    assert "unknown machine class 'tpu'" in plan.status.message
    assert _conditions(plan.status) == {
        "Succeeded": ("False", "InvalidSpec"),
        "Reconciling": ("False", "InvalidSpec"),
        "Stalled": ("True", "InvalidSpec"),
    }
    assert plan.actions == ()
    assert [(e.reason, e.type) for e in plan.events] == [("InvalidSpec", "Warning")]


def test_a_refused_run_is_reconciled_no_more_but_for_its_time_to_live() -> None:
    bad = make_run(make_stage(runsOn=["tpu"]), ttlSecondsAfterFinished=60)
    refused = _again(World(run=bad).plan(), bad)

    later = World(run=refused).plan(after(59))
    over = World(run=refused).plan(after(60))

    assert (later.status, later.actions, later.wake_at) == (None, (), after(60))
    assert deleted(over, PIPELINEJOB.resource) == [bad.metadata.uid]


def test_a_refused_run_speaks_of_its_newest_spec() -> None:
    """Otherwise kstatus would call it in progress for ever after a change of its time to live."""
    bad = make_run(make_stage(runsOn=["tpu"]))
    refused = _again(World(run=bad).plan(), bad)
    meta = refused.metadata.model_copy(update={"generation": 2})

    plan = World(run=refused.model_copy(update={"metadata": meta})).plan(after(5))

    assert plan.status is not None
    assert plan.status.observedGeneration == 2
    assert {c.observedGeneration for c in plan.status.conditions} == {2}
    assert plan.status.summary == "InvalidSpec"


@pytest.mark.parametrize(
    ("seconds", "reconciling", "stalled", "wakes"),
    [(0, "True", "False", True), (59, "True", "False", True), (60, "False", "True", False)],
)
def test_a_missing_pipeline_is_waited_for_and_stalls_after_a_minute(
    seconds: int, reconciling: str, stalled: str, *, wakes: bool
) -> None:
    plan = World(run=make_run(pipeline="nobody")).plan(after(seconds))

    conditions = _conditions(plan.status)
    assert conditions["Succeeded"] == ("Unknown", "PipelineNotFound")
    assert (conditions["Reconciling"][0], conditions["Stalled"][0]) == (reconciling, stalled)
    assert plan.status is not None
    assert "no Pipeline 'nobody' in namespace ads" in plan.status.message
    assert plan.wake_at == (after(60) if wakes else None)


def test_a_missing_pipeline_is_said_once() -> None:
    run = make_run(pipeline="nobody")

    again = World(run=_again(World(run=run).plan(), run)).plan(after(1))

    assert (again.status, again.urgent) == (None, False)
    assert again.wake_at == after(60)


def test_a_run_heals_when_its_pipeline_appears() -> None:
    run = make_run(pipeline="ad-image")
    stalled = _again(World(run=run).plan(after(100)), run)

    plan = World(run=stalled, pipeline=make_pipeline()).plan(after(200))

    assert plan.status is not None
    assert plan.status.summary == "Queued"
    assert _conditions(plan.status)["Stalled"][0] == "False"
    assert plan.status.startTime == after(200)


def test_a_run_whose_revision_was_deleted_stalls_and_says_so_once() -> None:
    status = PipelineJobStatus(
        pipelineRevision="ad-image-0123456789", stages=[make_status(state="Running")]
    )
    run = make_run(pipeline="ad-image", status=status)
    lost = World(run=run)

    plan = finish(evaluate(replace(lost.snapshot(), resolved=None), after(0)), {}, after(0))

    assert plan.status is not None
    assert plan.status.summary == "RevisionLost"
    assert plan.status.stages == status.stages, "what is known of the stages is kept"
    assert _conditions(plan.status)["Stalled"] == ("True", "RevisionLost")
    again = replace(lost.snapshot(), resolved=None, run=_again(plan, run))
    assert finish(evaluate(again, after(9)), {}, after(9)).status is None


def test_a_spec_that_cannot_be_read_is_refused_and_keeps_what_is_known() -> None:
    status = PipelineJobStatus(stages=[make_status(state="Succeeded")], progress="1/1")
    run = make_run(status=status)

    plan = unreadable(run, "stages.0.retries: must be positive", after(9))

    assert plan.status is not None
    assert (plan.status.summary, plan.status.progress) == ("InvalidSpec", "1/1")
    assert plan.status.stages == status.stages
    condition = find(plan.status.conditions, "Succeeded")
    assert condition is not None
    assert condition.message == "stages.0.retries: must be positive"


def test_a_request_about_a_run_that_has_not_started_is_refused() -> None:
    world = World(run=make_run(pipeline="nobody"), interventions=[make_intervention()])

    (answer,) = answers(world.plan())

    assert [(r.stage, r.reason) for r in answer.refused] == [("", "NotStarted")]


def test_a_request_that_came_first_is_judged_by_the_stages_that_the_run_then_has() -> None:
    world = World(stages=line_of(2), interventions=(make_intervention("Skip", "stage_1"),))

    first = world.plan()
    assert answers(first) == []
    assert first.wake_at == after(0), "right after"

    accepted = world.but(run=_again(first, world.the_run()))
    (answer,) = answers(accepted.plan())
    assert answer.affected == 1
