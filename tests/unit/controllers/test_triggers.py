"""Which changes of Pipelines, Jobs, Pods and Nodes concern which runs."""

import msgspec
import pytest

from stagework.api.kinds import PIPELINE
from stagework.api.observed import JobView, PodView
from stagework.cluster.cache.own_objects import tombstone_of
from stagework.cluster.cache.selections import ALL_NODES, STAGE_JOBS, STAGE_PODS, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.controllers.pipelinejobs.triggers import RUNS, Triggers, is_same
from tests.support.builders import (
    GPU,
    NAMESPACE,
    RUN_UID,
    T0,
    deleting,
    ended_job,
    make_fleet,
    make_job,
    make_node,
    make_own,
    make_pod,
    running,
    scheduled,
    ungated,
)
from tests.support.unwatched import make_cache
from tests.unit.controllers.standins import make_slots

PIPELINES = objects_of(PIPELINE)
RUN = Key("PipelineJob", NAMESPACE, "same")
JOB = make_job()
POD = make_pod(JOB)


class Post:
    """Triggers over a cache with one run in it."""

    def __init__(self) -> None:
        self.cache = make_cache(RUNS, PIPELINES, STAGE_JOBS, STAGE_PODS, ALL_NODES)
        self.slots = make_slots(make_fleet(GPU))
        self.over: set[tuple[str, str, str]] = set()
        self.triggers = Triggers(
            self.cache, self.slots, lambda run, stage, attempt: (run, stage, attempt) in self.over
        )
        self.run("same", RUN_UID, "ad-image")

    def run(self, name: str, uid: str, pipeline: str = "", namespace: str = NAMESPACE) -> None:
        spec: dict[str, object] = {"stages": []}
        if pipeline:
            spec = {"pipelineRef": {"name": pipeline}}
        known = make_own(name, uid=uid, namespace=namespace, spec=spec)
        self.cache.offer(RUNS, namespace, known, deleted=False)

    def of_job(self, old: JobView | None, new: JobView | None) -> list[Key]:
        return list(self.triggers.of_job(Change(old, new)))

    def of_pod(self, old: PodView | None, new: PodView | None) -> list[Key]:
        return list(self.triggers.of_pod(Change(old, new)))


@pytest.fixture
def post() -> Post:
    return Post()


# Pipelines.


def test_a_new_pipeline_concerns_the_runs_of_its_namespace_that_name_it(post: Post) -> None:
    post.run("other", "u2", "docs")
    post.run("third", "u3", "ad-image")
    post.run("elsewhere", "u4", "ad-image", namespace="kept")

    keys = post.triggers.of_pipeline(Change(None, make_own("ad-image")))

    assert [key.name for key in keys] == ["same", "third"]


def test_a_pipeline_whose_status_is_written_concerns_nobody(post: Post) -> None:
    waiting = make_own(
        "other", spec={"pipelineRef": {"name": "ad-image"}}, status={"summary": "NotUnderstood"}
    )
    post.cache.offer(RUNS, NAMESPACE, waiting, deleted=False)
    known, written = make_own("ad-image"), make_own("ad-image", version=2, status={"runs": 1})
    changed = make_own("ad-image", version=3, generation=2)

    assert not post.triggers.of_pipeline(Change(known, written))
    assert list(post.triggers.of_pipeline(Change(written, changed))) == [
        Key("PipelineJob", NAMESPACE, "other")
    ]


def test_a_pipeline_that_changes_or_goes_concerns_nobody(post: Post) -> None:
    known = make_own("ad-image")

    assert not post.triggers.of_pipeline(Change(known, make_own("ad-image", version=2)))
    assert not post.triggers.of_pipeline(Change(known, None))


# Jobs.


def test_a_job_concerns_the_run_that_controls_it(post: Post) -> None:
    assert post.of_job(None, JOB) == [RUN]
    assert post.of_job(JOB, ended_job(JOB)) == [RUN]
    assert post.of_job(JOB, None) == [RUN]


@pytest.mark.parametrize("run_uid", ["somebody-else", ""])
def test_a_job_of_nobody_that_we_know_concerns_nobody(post: Post, run_uid: str) -> None:
    assert post.of_job(None, make_job(run_uid=run_uid)) == []


def test_a_job_that_only_has_a_new_version_concerns_nobody(post: Post) -> None:
    meta = msgspec.structs.replace(JOB.metadata, resourceVersion="2")

    assert post.of_job(JOB, msgspec.structs.replace(JOB, metadata=meta)) == []


def test_bookkeeping_on_the_job_of_an_attempt_that_is_over_concerns_nobody(post: Post) -> None:
    assert post.of_job(JOB, ended_job(JOB)) == [RUN]
    post.over.add((RUN_UID, "img_gen", "1"))
    assert post.of_job(JOB, ended_job(JOB)) == []


def test_that_such_a_job_appears_or_goes_concerns_its_run_all_the_same(post: Post) -> None:
    post.over.add((RUN_UID, "img_gen", "1"))

    assert post.of_job(None, JOB) == [RUN]
    assert post.of_job(JOB, make_job(deleted=T0)) == [RUN]
    assert post.of_job(JOB, None) == [RUN]


# Pods.


def test_a_pod_concerns_the_run_that_it_names(post: Post) -> None:
    assert post.of_pod(None, POD) == [RUN]
    assert post.of_pod(POD, None) == [RUN]
    assert post.of_pod(None, make_pod(make_job(run_uid="somebody-else"))) == []


@pytest.mark.parametrize(
    "after",
    [ungated(POD), scheduled(POD), running(POD), deleting(POD)],
    ids=["ungated", "scheduled", "running", "leaving"],
)
def test_what_a_decision_reads_of_a_pod_is_news(post: Post, after: PodView) -> None:
    assert post.of_pod(POD, after) == [RUN]


def test_a_pod_that_only_has_a_new_version_concerns_nobody(post: Post) -> None:
    meta = msgspec.structs.replace(POD.metadata, resourceVersion="2")

    assert post.of_pod(POD, msgspec.structs.replace(POD, metadata=meta)) == []


@pytest.mark.parametrize(
    "after",
    [
        make_pod(make_job(attempt=2), uid=POD.metadata.uid),
        make_pod(make_job(uid="another-job"), uid=POD.metadata.uid),
        scheduled(POD),
        running(POD),
        deleting(POD),
    ],
    ids=["labels", "owner", "spec", "status", "deletion"],
)
def test_a_pod_is_the_same_only_where_nothing_that_is_read_differs(after: PodView) -> None:
    assert not is_same(Change(POD, after))
    assert is_same(Change(after, after))


def test_what_appears_or_goes_is_never_the_same() -> None:
    assert not is_same(Change[PodView](None, POD))
    assert not is_same(Change[PodView](POD, None))


# Nodes.


def test_where_slots_come_or_go_every_run_is_concerned_but_those_that_are_over(post: Post) -> None:
    post.run("other", "u2")
    over = make_own("over", uid="u3", spec={"stages": []})
    post.cache.offer(RUNS, NAMESPACE, over, deleted=False)
    post.cache.swap(RUNS, NAMESPACE, tombstone_of(over, {}))
    post.slots.open()

    keys = post.triggers.of_node(Change(None, make_node()))

    assert [key.name for key in keys] == ["same", "other"]


def test_a_node_that_brings_no_slot_concerns_nobody(post: Post) -> None:
    post.slots.node_changed(Change(None, make_node()))
    post.slots.open()

    assert not post.triggers.of_node(Change(None, make_node("store-0", "storage")))


def test_a_node_of_before_the_first_decision_is_known_and_concerns_nobody(post: Post) -> None:
    assert not post.triggers.of_node(Change(None, make_node()))
    assert list(post.slots.nodes) == ["gpu-0"]


def test_there_is_a_trigger_for_all_that_decisions_read(post: Post) -> None:
    read = {trigger.selection for trigger in post.triggers.all()}

    assert read == {PIPELINES, STAGE_JOBS, STAGE_PODS, ALL_NODES}
