"""A run whose stages are not known may be stopped: before they are, and once they are lost."""

from dataclasses import replace
from datetime import datetime

from stagework.api.conditions import find
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.resources import JOBS, PODS
from stagework.api.stage_status import StageStatus, Stopping
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import RunPlan
from tests.support.builders import (
    World,
    after,
    answers,
    deleted,
    make_intervention,
    make_job,
    make_pipeline,
    make_pod,
    make_run,
    make_status,
    running,
    terminated,
)

STOP = make_intervention("Stop", uid="stop")
SAID = "stopped by ops@example.org: font was missing"


def _next(run: PipelineJob, plan: RunPlan) -> PipelineJob:
    return run.model_copy(update={"status": plan.status or run.status})


def _lost(world: World, run: PipelineJob, now: datetime) -> RunPlan:
    """What is decided where the revision of the run is gone."""
    return finish(evaluate(replace(world.snapshot(), resolved=None, run=run), now), {}, now)


def _accepted(*stages: StageStatus) -> PipelineJob:
    status = PipelineJobStatus(pipelineRevision="ad-image-0123456789", stages=list(stages))
    return make_run(pipeline="ad-image", status=status)


def _of(plan: RunPlan) -> PipelineJobStatus:
    assert plan.status is not None
    return plan.status


def test_a_run_that_waits_for_its_pipeline_ends_stopped() -> None:
    run = make_run(pipeline="nobody")
    waits = _next(run, World(run=run).plan())

    plan = World(run=waits, interventions=[STOP]).plan(after(9))

    status = _of(plan)
    assert (status.summary, status.message, status.completionTime) == ("Stopped", SAID, after(9))
    succeeded = find(status.conditions, "Succeeded")
    assert succeeded is not None
    assert (succeeded.status, succeeded.reason) == ("False", "Stopped")
    assert plan.urgent
    assert [(a.summary, a.affected) for a in answers(plan)] == [("Done", 1)]
    assert [note.uid for note in status.answered] == ["stop"]
    assert [event.reason for event in plan.events] == ["InterventionAnswered", "Stopped"]
    assert plan.events[0].message == "Stop of the run, asked by ops@example.org"


def test_a_pipeline_that_comes_too_late_does_not_start_a_stopped_run() -> None:
    run = make_run(pipeline="ad-image", ttlSecondsAfterFinished=60)
    stopped = _next(run, World(run=run, interventions=[STOP]).plan())

    later = World(run=stopped, pipeline=make_pipeline()).plan(after(30))
    gone = World(run=stopped, pipeline=make_pipeline()).plan(after(60))

    assert (later.status, later.actions, later.wake_at) == (None, (), after(60))
    assert deleted(gone, PIPELINEJOB.resource) == [run.metadata.uid]


def test_a_retry_takes_the_stop_back_and_a_second_stop_is_refused() -> None:
    run = make_run(pipeline="ad-image")
    stopped = _next(run, World(run=run, interventions=[STOP]).plan())
    world = World(run=stopped)

    refused = world.but(interventions=[make_intervention("Stop", uid="iv-2")]).plan(after(5))
    assert refused.status is None
    assert [r.reason for a in answers(refused) for r in a.refused] == ["AlreadyEnded"]

    retry = [make_intervention("Retry", uid="iv-3")]
    waits = _of(world.but(interventions=retry).plan(after(5)))
    assert (waits.summary, waits.completionTime) == ("PipelineNotFound", None)
    begins = _of(world.but(interventions=retry, pipeline=make_pipeline()).plan(after(5)))
    assert (begins.summary, len(begins.stages)) == ("Queued", 1)
    assert [note.uid for note in begins.answered] == ["stop", "iv-3"]


def test_what_waits_in_a_run_whose_revision_is_lost_is_not_run_once_it_is_stopped() -> None:
    run = _accepted(make_status("a", "Succeeded", commit={"attempt": 1}), make_status("b"))

    status = _of(_lost(World(interventions=[STOP]), run, after(5)))

    assert (status.summary, status.message) == ("Stopped", SAID)
    assert [(s.state, s.reason) for s in status.stages] == [
        ("Succeeded", ""),
        ("NotRun", "StoppedByPerson"),
    ]


JOB = make_job("work")
POD = make_pod(JOB)
AT_WORK = make_status(
    "work",
    "Running",
    job=JOB.metadata.name,
    jobUid=JOB.metadata.uid,
    pod=POD.metadata.uid,
    machine="gpu",
    turnTime=after(0),
)


def test_what_works_in_a_run_whose_revision_is_lost_is_ended_and_then_the_run_ends() -> None:
    run, world = _accepted(AT_WORK), World(jobs=[JOB], pods=[running(POD)])

    first = _lost(world.but(interventions=[STOP]), run, after(5))
    assert _of(first).summary == "RevisionLost"
    assert first.again_once_stored
    assert deleted(first, PODS) == [], "the verdict is recorded first"

    run = _next(run, first)
    second = _lost(world, run, after(6))
    assert deleted(second, PODS) == [POD.metadata.uid]

    gone = _of(_lost(World(), _next(run, second), after(40)))
    assert (gone.summary, gone.message) == ("Stopped", SAID)
    assert gone.stages[0].lostTime == after(40), "nothing proves that its process has ended"


def test_a_pod_that_has_ended_for_a_stop_proves_that_its_process_has() -> None:
    stopping = {"reason": "StoppedByPerson", "message": "ops"}
    run = _accepted(AT_WORK.model_copy(update={"stopping": Stopping.model_validate(stopping)}))

    status = _of(_lost(World(jobs=[JOB], pods=[terminated(POD, 143)]), run, after(9)))

    assert status.summary == "Stopped"
    assert (status.stages[0].state, status.stages[0].lostTime) == ("Failed", None)


def test_a_chosen_pod_that_is_still_held_goes_unchosen_after_the_stop() -> None:
    starting = AT_WORK.model_copy(update={"state": "Starting"})
    run, world = _accepted(starting), World(jobs=[JOB], pods=[POD])

    first = _lost(world.but(interventions=[STOP]), run, after(5))
    assert _of(first).stages[0].pod == ""
    second = _lost(world, _next(run, first), after(6))
    assert deleted(second, JOBS) == [JOB.metadata.uid]
