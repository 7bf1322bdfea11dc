"""What a decision about a run reads: decoded once, and only what belongs to the run."""

from typing import Any

import pytest

from stagework.api.kinds import PIPELINE
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import STAGE_JOBS, STAGE_PODS, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Unreadable, View
from stagework.controllers.pipelinejobs.gather import Gatherer
from stagework.controllers.pipelinejobs.limit_ranges import LimitRanges
from stagework.controllers.pipelinejobs.shortages import Shortages
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.snapshot import (
    Lookup,
    PlanSettings,
    Resolved,
    ResultQuestion,
    Snapshot,
)
from stagework.plans.plan import Refusal, creation
from tests.support.builders import (
    GPU,
    NAMESPACE,
    RUN_UID,
    as_cached,
    make_fleet,
    make_intervention,
    make_job,
    make_node,
    make_own,
    make_pipeline,
    make_pod,
    make_run,
    make_stage,
    make_status,
)
from tests.support.builders.world import POD_DEFAULTS
from tests.support.unwatched import make_cache, nobody
from tests.unit.controllers.standins import Clock, make_slots

PIPELINES = objects_of(PIPELINE)
ACCEPTED = PipelineJobStatus(summary="Running", stages=[make_status()])
SETTINGS = PlanSettings(make_fleet(GPU), POD_DEFAULTS, look_ahead=2, keep_jobs_seconds=60)


class Desk:
    """A gatherer over a cache that the test fills."""

    def __init__(self) -> None:
        self.cache = make_cache(RUNS, PIPELINES, STAGE_JOBS, STAGE_PODS)
        self.slots = make_slots(SETTINGS.fleet)
        self.shortages = Shortages(self.cache, lambda _run: None, Clock())
        self.gatherer = Gatherer(
            self.cache, self.slots, SETTINGS, self.shortages, LimitRanges(nobody(), Clock())
        )

    def snapshot(self, run: PipelineJob | OwnObject, **view: Any) -> Snapshot:
        known = run if isinstance(run, OwnObject) else as_cached(run)
        return self.gatherer.snapshot(View(known, **view))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_run_is_as_it_is_stored(desk: Desk) -> None:
    run = make_run(make_stage("a"), make_stage("b"), status=ACCEPTED, priority=3)

    assert desk.snapshot(run).run == run


@pytest.mark.parametrize(
    ("status", "resolved"),
    [(PipelineJobStatus(), None), (ACCEPTED, ["a", "b"])],
    ids=["not yet", "accepted"],
)
def test_a_run_with_stages_of_its_own_has_them_for_good_once_it_is_accepted(
    desk: Desk, status: PipelineJobStatus, resolved: list[str] | None
) -> None:
    snapshot = desk.snapshot(make_run(make_stage("a"), make_stage("b"), status=status))

    stages = snapshot.resolved and [stage.name for stage in snapshot.resolved.stages]
    assert stages == resolved
    assert snapshot.pipeline is None


def test_a_run_that_waits_for_its_pipeline_sees_the_one_of_its_namespace(desk: Desk) -> None:
    run, pipeline = make_run(pipeline="ad-image"), make_pipeline(uid="p1")
    assert desk.snapshot(run).pipeline is None

    desk.cache.offer(PIPELINES, NAMESPACE, as_cached(pipeline), deleted=False)
    elsewhere = make_own("ad-image", namespace="kept", uid="p2")
    desk.cache.offer(PIPELINES, "kept", elsewhere, deleted=False)
    assert desk.snapshot(run).pipeline == pipeline


def test_of_two_pipelines_of_one_name_the_one_that_came_last_counts(desk: Desk) -> None:
    for number, uid in enumerate(("p1", "p2")):
        made = make_pipeline(uid=uid, resourceVersion=str(number))
        desk.cache.offer(PIPELINES, NAMESPACE, as_cached(made), deleted=False)

    pipeline = desk.snapshot(make_run(pipeline="ad-image")).pipeline
    assert pipeline is not None
    assert pipeline.metadata.uid == "p2"


def test_an_accepted_run_has_the_stages_of_its_revision_and_no_pipeline(desk: Desk) -> None:
    desk.cache.offer(PIPELINES, NAMESPACE, as_cached(make_pipeline(uid="p1")), deleted=False)
    resolved = Resolved([make_stage("as_it_was")], [])
    snapshot = desk.snapshot(make_run(pipeline="ad-image", status=ACCEPTED), prepared=resolved)

    assert snapshot.resolved is resolved
    assert snapshot.pipeline is None


def test_a_status_that_is_not_written_yet_counts_instead_of_the_stored_one(desk: Desk) -> None:
    snapshot = desk.snapshot(make_run(make_stage("a")), unwritten=ACCEPTED)

    assert snapshot.run.status is ACCEPTED
    assert snapshot.resolved is not None


def test_only_jobs_and_pods_of_that_very_run_are_seen(desk: Desk) -> None:
    own, other = make_job(), make_job(run_uid="u2", uid="other-job")
    pods = {job.metadata.uid: make_pod(job) for job in (own, other)}
    for job in (own, other):
        desk.cache.offer(STAGE_JOBS, NAMESPACE, job, deleted=False)
        desk.cache.offer(STAGE_PODS, NAMESPACE, pods[job.metadata.uid], deleted=False)
    snapshot = desk.snapshot(make_run(status=ACCEPTED))

    assert snapshot.jobs == (own,)
    assert snapshot.pods == (pods[own.metadata.uid],)


def test_nodes_and_slots_are_as_the_ledger_has_them(desk: Desk) -> None:
    node = make_node("gpu-0")
    desk.slots.node_changed(Change(None, node))
    snapshot = desk.snapshot(make_run())

    assert snapshot.nodes == {"gpu-0": node}
    assert snapshot.slots["gpu"] == 1
    assert snapshot.settings is SETTINGS


def test_what_the_engine_remembers_is_handed_on(desk: Desk) -> None:
    request = make_intervention()
    refusals = {creation("a", 1): Refusal("Invalid", "no image")}
    answers = {ResultQuestion("a", 1): Lookup(None)}
    snapshot = desk.snapshot(
        make_run(), interventions=(request,), answers=answers, refusals=refusals
    )

    assert snapshot.interventions == (request,)
    assert snapshot.lookups == answers
    assert snapshot.refusals == refusals


# What cannot be understood.


@pytest.mark.parametrize(
    ("spec", "status", "fault"),
    [
        ({"stages": [{"name": "A B", "image": "x"}]}, {}, "stages.0.name"),
        ({"pipelineRef": {"name": "p"}, "priority": "high"}, {}, "priority"),
        ({"pipelineRef": {"name": "p"}, "colour": "red"}, {}, "colour"),
        ("not a spec", {}, "Expected `object`"),
        ({"pipelineRef": {"name": "p"}}, {"stages": [{"state": 5}]}, "stages.0"),
    ],
    ids=["stage", "field", "unknown field", "no object", "status"],
)
def test_what_cannot_be_understood_says_where(
    desk: Desk, spec: object, status: object, fault: str
) -> None:
    with pytest.raises(Unreadable, match=fault):
        desk.snapshot(make_own(spec=spec, status=status))


def test_a_pipeline_that_cannot_be_understood_makes_its_waiting_runs_unreadable(
    desk: Desk,
) -> None:
    broken = make_own("ad-image", spec={"stages": [{"name": "A B"}]})
    desk.cache.offer(PIPELINES, NAMESPACE, broken, deleted=False)

    with pytest.raises(Unreadable, match=r"stages\.0"):
        desk.snapshot(make_run(pipeline="ad-image"))
    desk.snapshot(make_run(pipeline="ad-image", status=ACCEPTED, resource_version="2"))


# What is decoded once.


def test_what_is_known_of_the_same_version_is_not_decoded_again(desk: Desk) -> None:
    run = as_cached(make_run(status=ACCEPTED))
    first, second = desk.snapshot(run).run, desk.snapshot(run).run

    assert first.status is second.status
    assert first.spec is second.spec


def test_what_we_have_stored_ourselves_is_not_decoded_again(desk: Desk) -> None:
    run = as_cached(make_run(status=ACCEPTED))
    desk.gatherer.stored(run, ACCEPTED)

    assert desk.snapshot(run).run.status is ACCEPTED


def test_which_attempts_are_over_is_known_of_what_is_stored(desk: Desk) -> None:
    over = PipelineJobStatus(stages=[make_status("a", "Failed", attempt=2)])
    desk.snapshot(make_run(status=over))
    assert desk.gatherer.ended.is_over(RUN_UID, "a", "2")

    retried = PipelineJobStatus(stages=[make_status("a", attempt=3)])
    desk.snapshot(make_run(status=over), unwritten=retried)
    assert not desk.gatherer.ended.is_over(RUN_UID, "a", "3")
    desk.gatherer.stored(as_cached(make_run(resource_version="2")), retried)
    assert not desk.gatherer.ended.is_over(RUN_UID, "a", "3")
    assert desk.gatherer.ended.is_over(RUN_UID, "a", "2")


def test_a_run_that_has_left_memory_is_decoded_again(desk: Desk) -> None:
    run = as_cached(make_run(status=ACCEPTED))
    before = desk.snapshot(run).run.status
    desk.gatherer.forget(RUN_UID)

    assert not desk.gatherer.ended.is_over(RUN_UID, "img_gen", "0")
    assert desk.snapshot(run).run.status is not before
